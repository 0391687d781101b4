import { answerJson } from "../query/answer-json.ts";
import type { LookUpAnswer } from "../query/look-up.ts";
import type { AnswerFacts, KeyRow, WindowRow } from "../query/tables.ts";
import { type Terminal, tableLines } from "./terminal.ts";

type Row = KeyRow<unknown, unknown> | WindowRow<unknown, unknown>;

/** Most fields of a value that get a column each. */
const COLUMNS_MAX = 8;
/** The latest time that a `Date` can be. */
const LATEST_DATE_MS = 8.64e15;

/** An answer for a person: its rows as a table, then the position that it reflects. */
export function answerLines(terminal: Terminal, answer: LookUpAnswer): readonly string[] {
  const rows: readonly Row[] = answer.kind === "row" ? (answer.row === undefined ? [] : [answer.row]) : answer.rows;
  const table = rows.length === 0 ? ["no rows"] : rowLines(rows);
  const partitions = answer.kind === "range" ? answer.partitions : [answer];
  return [...table, "", ...tableLines(partitions.map(factCells)).map((line) => terminal.paint("quiet", line))];
}

function rowLines(rows: readonly Row[]): readonly string[] {
  const fields = valueFields(rows);
  const windowed = rows.some((row) => "windowStartMs" in row);
  const head = ["key", ...(windowed ? ["window start", "window end"] : []), ...(fields ?? ["value"]), "time"];
  const cells = rows.map((row) => [
    text(row.key),
    ...("windowStartMs" in row ? [time(row.windowStartMs), time(row.windowEndMs)] : []),
    ...(fields === undefined ? [text(row.value)] : fields.map((field) => text(fieldOf(row.value, field)))),
    time(row.timestampMs),
  ]);
  return tableLines([head, ...cells]);
}

/** Names of the values' fields, when every value is a flat object with a few. */
function valueFields(rows: readonly Row[]): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { value } of rows) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array) return;
    for (const [name, field] of Object.entries(value)) {
      if (typeof field === "object" && field !== null) return;
      names.add(name);
    }
  }
  return names.size === 0 || names.size > COLUMNS_MAX ? undefined : [...names];
}

function fieldOf(value: unknown, field: string): unknown {
  return (value as Readonly<Record<string, unknown>>)[field];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : answerJson(value);
}

/** The end of an unlimited window is none that a calendar has. */
function time(atMs: number): string {
  return atMs > LATEST_DATE_MS ? "end of time" : new Date(atMs).toISOString();
}

/** One partition's part of an answer: how far the input is in it. */
function factCells(facts: AnswerFacts): readonly string[] {
  const inputs = Object.entries(facts.position).map(([partition, next]) => `${partition} below ${next}`);
  const snapshot = facts.snapshotVersion === undefined ? "no snapshot" : `snapshot ${facts.snapshotVersion}`;
  const tail = facts.freshness === "snapshot" ? snapshot : `${snapshot} + ${facts.tailRecords} changelog records`;
  return [`pin ${facts.pin}`, `reflects ${inputs.join(", ") || "no input yet"}`, `(${facts.freshness}: ${tail})`];
}
