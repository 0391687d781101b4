import { StreamError } from "../core/errors.ts";
import { emptyScalingMemory, type PinMemory, type ScalingMemory, type StuckPin } from "./types.ts";

type Check = (value: unknown) => boolean;
type Checks<T> = Readonly<Record<keyof T & string, Check>>;

const number: Check = (value) => Number.isFinite(value);
const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";

const shape: Checks<ScalingMemory> = {
  beats: table(fields<ScalingMemory["beats"][string]>({ beat: number, silentMs: number })),
  lostStarts: number,
  lookedAtMs: number,
  pins: table(fields<PinMemory>({ endTotal: number, atMs: number, arrivalPerSecond: number, busyAtMs: number })),
  unheld: table(fields<ScalingMemory["unheld"][string]>({ epoch: number, beat: number })),
  stuck: table(
    fields<StuckPin>({
      code: text,
      holdMs: number,
      leftMs: number,
      calmMs: number,
      isReported: flag,
      positionTotal: number,
    }),
  ),
  needed: list(fields<ScalingMemory["needed"][number]>({ atMs: number, workers: number })),
  recordsPerBusySecond: number,
};

/**
 * Reads the memory that a coordinator has saved as JSON. Fields that an earlier version did not write begin empty.
 *
 * @throws {SyntaxError} what is no JSON
 * @throws {StreamError} `SCHEMA_UNKNOWN` for JSON of another shape
 */
export function readScalingMemory(body: string): ScalingMemory {
  const parsed: unknown = JSON.parse(body);
  if (!isRecord(parsed)) throw new StreamError("SCHEMA_UNKNOWN", "a coordinator's memory is not an object");
  const memory: Readonly<Record<string, unknown>> = { ...emptyScalingMemory, ...parsed };
  for (const [name, check] of Object.entries(shape)) {
    if (!check(memory[name]))
      throw new StreamError("SCHEMA_UNKNOWN", `${name} of a coordinator's memory has another shape`);
  }
  return memory as unknown as ScalingMemory;
}

function fields<T>(checks: Checks<T>): Check {
  const all = Object.entries<Check>(checks);
  return (value) => isRecord(value) && all.every(([name, check]) => check(value[name]));
}

function table(row: Check): Check {
  return (value) => isRecord(value) && Object.values(value).every(row);
}

function list(item: Check): Check {
  return (value) => Array.isArray(value) && value.every(item);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
