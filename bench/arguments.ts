import { parseArgs } from "node:util";

/** What the command line asks of a scenario. Undefined figures mean the scenario's own default. */
export interface BenchOptions {
  readonly json: boolean;
  readonly quick: boolean;
  readonly tuned: boolean;
  /** One update per key and commit instead of every one. */
  readonly perCommit: boolean;
  readonly pin: boolean;
  readonly records: number | undefined;
  readonly keys: number | undefined;
  readonly rounds: number | undefined;
  readonly requireRatio: number | undefined;
  readonly store: "memory" | "rocksdb";
  /** `host:port` of a broker to use instead of an own one. */
  readonly bootstrap: string | undefined;
}

/** What the user wants: help, or one scenario. */
export type BenchCommand =
  | { readonly kind: "help" }
  | { readonly kind: "run"; readonly name: string; readonly options: BenchOptions }
  | { readonly kind: "wrong"; readonly message: string };

const flags = {
  help: { type: "boolean", short: "h", default: false },
  json: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  tuned: { type: "boolean", default: false },
  "per-commit": { type: "boolean", default: false },
  "no-pin": { type: "boolean", default: false },
  records: { type: "string" },
  keys: { type: "string" },
  rounds: { type: "string" },
  require: { type: "string" },
  store: { type: "string", default: "memory" },
  bootstrap: { type: "string" },
} as const;

/** Reads the command line. Pure: prints nothing, ends nothing. */
export function parseBenchArguments(args: readonly string[], names: readonly string[]): BenchCommand {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
    if (values.help || positionals.length === 0) return { kind: "help" };
    const name = positionals[0] as string;
    if (positionals.length > 1)
      return { kind: "wrong", message: `one scenario at a time, not ${positionals.join(" ")}` };
    if (!names.includes(name)) return { kind: "wrong", message: `no scenario ${name}: choose ${names.join(", ")}` };
    const { store } = values;
    if (store !== "memory" && store !== "rocksdb") {
      return { kind: "wrong", message: `--store must be memory or rocksdb, not ${store}` };
    }
    const options: BenchOptions = {
      json: values.json,
      quick: values.quick,
      tuned: values.tuned,
      perCommit: values["per-commit"],
      pin: !values["no-pin"],
      records: positive("records", values.records, { whole: true }),
      keys: positive("keys", values.keys, { whole: true }),
      rounds: positive("rounds", values.rounds, { whole: true }),
      requireRatio: positive("require", values.require, { whole: false }),
      store,
      bootstrap: values.bootstrap,
    };
    return { kind: "run", name, options };
  } catch (error) {
    return { kind: "wrong", message: (error as Error).message };
  }
}

/** `2_000_000`, `2000000`, `2M` and `200k` are the same kind of number. */
function positive(name: string, text: string | undefined, rule: { whole: boolean }): number | undefined {
  if (text === undefined) return undefined;
  const match = /^([\d_.]+)([kM]?)$/.exec(text);
  const scale = match?.[2] === "M" ? 1_000_000 : match?.[2] === "k" ? 1_000 : 1;
  const value = Number((match?.[1] ?? "").replaceAll("_", "") || Number.NaN) * scale;
  if (!(value > 0) || (rule.whole && !Number.isInteger(value))) {
    throw new Error(`--${name} must be a positive ${rule.whole ? "whole " : ""}number such as 500k or 2M, not ${text}`);
  }
  return value;
}
