import type { CommandSpec } from "./arguments.ts";

/** Largest load factor: of the option and of the page's slider. */
export const LOAD_FACTOR_MAX = 4;

/** `npm start`: Stock Trade Stats, embedded or on a broker, with the page. */
export const startCommand = {
  call: "npm start --",
  summary:
    "Runs Stock Trade Stats: workers, coordinator, query API and a local page. Embedded, unless a broker is named.",
  options: {
    data: {
      kind: "text",
      placeholder: "DIR",
      summary: "Folder of log, leases and snapshots; a second start continues.",
      byDefault: "./.millrace",
    },
    reset: { kind: "flag", summary: "Delete what earlier runs left there first." },
    port: {
      kind: "number",
      placeholder: "N",
      min: 0,
      max: 65_535,
      whole: true,
      summary: "Port of the page on 127.0.0.1; 0 takes any free one.",
      byDefault: 8_420,
    },
    kafka: {
      kind: "text",
      placeholder: "HOST:PORT",
      summary: "Run on this broker, with workers as child processes.",
    },
    input: {
      kind: "choice",
      choices: ["generator", "nab"],
      summary: "Seeded trades, or a replay of recorded volumes.",
      byDefault: "generator",
    },
    load: {
      kind: "number",
      placeholder: "F",
      min: 0,
      max: LOAD_FACTOR_MAX,
      summary: "Load factor at the start; the page's slider changes it.",
      byDefault: 1,
    },
    json: { kind: "flag", summary: "Write log lines as JSON and no status line." },
  },
  examples: [
    { line: "npm start", what: "The demo: open the page, watch workers go 0 → N → 0, kill one." },
    { line: "npm start -- --port 0 --load 2", what: "Any free port, twice the load." },
    { line: "npm start -- --input nab --data ./replay", what: "The recorded volumes, in a folder of their own." },
    { line: "npm start -- --kafka localhost:9092", what: "The same on a real broker; a kill is a SIGKILL." },
    { line: "npm start -- --reset", what: "Forget what earlier runs left behind." },
  ],
  notes: [
    "Ctrl-C drains the workers and stops; the same command continues where it stopped. A second Ctrl-C stops at once.",
  ],
} as const satisfies CommandSpec;
