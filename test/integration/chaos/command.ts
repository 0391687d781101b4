import type { CommandSpec } from "../../../lib/cli/arguments.ts";

/** `npm run chaos`. */
export const chaosCommand = {
  call: "npm run chaos --",
  summary:
    "Runs two applications on real servers, with workers as processes, under random faults; then checks that nothing was lost, doubled or torn.",
  options: {
    seconds: { kind: "number", placeholder: "N", min: 1, max: 86_400, summary: "How long faults come.", byDefault: 60 },
    seed: {
      kind: "number",
      placeholder: "S",
      min: 0,
      max: 4_294_967_295,
      whole: true,
      summary: "Decides which faults come, in which order and when. A new one without it.",
    },
    rate: {
      kind: "number",
      placeholder: "N",
      min: 1,
      max: 100_000,
      summary: "Trades per second.",
      byDefault: 1_500,
    },
    json: { kind: "flag", summary: "Print one JSON object on standard output; progress goes to standard error." },
  },
  examples: [
    { line: "npm run chaos -- --seconds 60", what: "A minute of faults, then the checks." },
    { line: "npm run chaos -- --seconds 600 --seed 7", what: "Ten minutes of the faults of seed 7." },
    { line: "npm run chaos -- --seconds 3600 --json > result.json", what: "An hour, for a machine to read." },
  ],
  notes: [
    "Faults: SIGKILL, SIGSTOP and SIGTERM of workers, SIGKILL of the broker (at most every 20 s), connections to it that",
    "break, lose an answer, fall silent or are slow, and an object store and a lease table that stop answering for a while.",
    "Needs Java 17, and Maven once. Ctrl-C ends the faults early.",
  ],
} as const satisfies CommandSpec;
