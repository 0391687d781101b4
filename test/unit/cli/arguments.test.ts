import { describe, expect, test } from "vitest";
import { helpText, parseArguments } from "../../../lib/cli/arguments.ts";
import { startCommand } from "../../../lib/cli/start-options.ts";

const byDefault = {
  data: "./.millrace",
  reset: false,
  port: 8_420,
  kafka: undefined,
  input: "generator",
  load: 1,
  json: false,
};

describe("arguments of start", () => {
  test.for([
    { argv: [], want: {} },
    { argv: ["--port", "0"], want: { port: 0 } },
    { argv: ["--port=65535"], want: { port: 65_535 } },
    { argv: ["--load", "0.5", "--reset", "--json"], want: { load: 0.5, reset: true, json: true } },
    { argv: ["--kafka", "localhost:9092", "--input", "nab"], want: { kafka: "localhost:9092", input: "nab" } },
    { argv: ["--data=a=b"], want: { data: "a=b" } },
  ])("$argv", ({ argv, want }) => {
    expect(parseArguments(startCommand, argv)).toEqual({ kind: "run", values: { ...byDefault, ...want } });
  });

  test.for([["--help"], ["-h"], ["--port", "0", "--help"], ["--prot", "--help"]])("%s asks for help", (argv) => {
    expect(parseArguments(startCommand, argv)).toEqual({ kind: "help" });
  });

  test.for([
    { argv: ["--prot", "1"], says: "there is no option --prot; did you mean --port?" },
    { argv: ["--kafak=x"], says: "there is no option --kafak; did you mean --kafka?" },
    { argv: ["--dat", "x"], says: "there is no option --dat; did you mean --data?" },
    { argv: ["--constructor", "1"], says: "there is no option --constructor" },
    { argv: ["--hlep"], says: "there is no option --hlep; did you mean --help?" },
    { argv: ["--bootstrap-servers", "x"], says: "there is no option --bootstrap-servers (" },
    { argv: ["8080"], says: '"8080" is not an option' },
    { argv: ["-p", "80"], says: "there is no option -p (" },
    { argv: ["--port"], says: "--port needs a value: a whole number from 0 to 65535" },
    { argv: ["--kafka", "--reset"], says: "--kafka needs a value: HOST:PORT" },
    { argv: ["--data="], says: "--data needs a value: DIR" },
    { argv: ["--port", "65536"], says: '--port takes a whole number from 0 to 65535, not "65536"' },
    { argv: ["--port", "80.5"], says: '--port takes a whole number from 0 to 65535, not "80.5"' },
    { argv: ["--port", " "], says: '--port takes a whole number from 0 to 65535, not " "' },
    { argv: ["--load", "-1"], says: '--load takes a number from 0 to 4, not "-1"' },
    { argv: ["--load", "much"], says: '--load takes a number from 0 to 4, not "much"' },
    { argv: ["--input", "csv"], says: '--input takes generator or nab, not "csv"' },
    { argv: ["--reset=no"], says: "--reset takes no value" },
    { argv: ["--port", "1", "--port", "2"], says: "--port is given twice" },
  ])("$argv is refused with what it should have been", ({ argv, says }) => {
    const parse = () => parseArguments(startCommand, argv);
    expect(parse).toThrow(/^CONFIG_INVALID: /);
    expect(parse).toThrow(says);
    expect(parse).toThrow("npm start -- --help lists the options");
  });
});

test("the help text lists every option, its default, and examples", () => {
  const text = helpText(startCommand);
  for (const name of [...Object.keys(startCommand.options), "help"]) expect(text).toContain(`  --${name}`);
  expect(text).toContain("Default: 8420.");
  expect(text).toContain("  npm start -- --kafka localhost:9092\n");
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
});
