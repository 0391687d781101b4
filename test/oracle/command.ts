import type { CommandSpec } from "../../lib/cli/arguments.ts";

/** `npm run differential`. */
export const differentialCommand = {
  call: "npm run differential --",
  summary:
    "Runs recorded cases on fresh inputs, and random topologies, through Kafka Streams in a JVM and through Millrace, and compares what they write and store.",
  options: {
    seeds: {
      kind: "number",
      placeholder: "N",
      min: 0,
      max: 100_000,
      whole: true,
      summary: "Seeds per case.",
      byDefault: 3,
    },
    seed: {
      kind: "number",
      placeholder: "S",
      min: 0,
      max: 4_000_000_000,
      whole: true,
      summary: "First seed, of cases and compositions. A new one without it.",
    },
    cases: { kind: "text", placeholder: "A,B", summary: "Only these cases. All without it." },
    compositions: {
      kind: "number",
      placeholder: "N",
      min: 0,
      max: 1_000_000,
      whole: true,
      summary: "Random compositions.",
      byDefault: 200,
    },
    keep: { kind: "flag", summary: "Keep what differs as recorded files, for npm test." },
    record: { kind: "flag", summary: "Keep everything: this is how recorded files are made." },
    json: { kind: "flag", summary: "Print one JSON object on standard output; progress goes to standard error." },
  },
  examples: [
    { line: "npm run differential", what: "Three fresh seeds of every case, 200 compositions." },
    {
      line: "npm run differential -- --seeds 0 --seed 4711 --compositions 1 --keep",
      what: "One composition again; it is kept if it differs.",
    },
    {
      line: "npm run differential -- --cases left-join-late --seeds 100 --compositions 0",
      what: "A hundred seeds of a case.",
    },
    {
      line: "npm run differential -- --seed 1 --seeds 3 --compositions 0 --record",
      what: "Record the vectors of this repository anew.",
    },
  ],
  notes: [
    "A composition that differs is made smaller before it is shown. Compositions are also run with restarts.",
    "Needs Java 17, and Maven once. Without them nothing is compared, which is a failure with CI=true.",
  ],
} as const satisfies CommandSpec;
