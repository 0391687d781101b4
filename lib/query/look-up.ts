import { StreamError } from "../core/errors.ts";
import { windowTypes } from "../state/store.ts";
import { keyFromText } from "./key-from-text.ts";
import type { Freshness } from "./pin-state-reader.ts";
import type { AnswerFacts, KeyRow, Table, Tables, WindowRow } from "./tables.ts";

/** A query in text, as an address or a command line has it. */
export interface LookUp {
  readonly store: string;
  /** One key; rows of all keys without it. */
  readonly key: string | undefined;
  /** Times in milliseconds where the store has windows, keys where it has none; both ends inclusive. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Rows at most; of windows the newest. */
  readonly limit: number;
  readonly freshness: Freshness;
}

/** What a look-up found, and which input it reflects. */
export type LookUpAnswer =
  | ({ readonly kind: "row"; readonly row: KeyRow<unknown, unknown> | undefined } & AnswerFacts)
  | ({ readonly kind: "windows"; readonly rows: readonly WindowRow<unknown, unknown>[] } & AnswerFacts)
  | {
      readonly kind: "range";
      readonly rows: readonly (KeyRow<unknown, unknown> | WindowRow<unknown, unknown>)[];
      readonly partitions: readonly AnswerFacts[];
    };

/**
 * Answers a query from the tables: the row of a key, the windows of a key, or rows in order (keys in byte order, windows by
 * start), each with the position that it reflects.
 *
 * @throws {StreamError} `STORE_UNKNOWN`, `QUERY_INVALID`, and what reading the state throws
 */
export async function lookUp(tables: Tables, query: LookUp): Promise<LookUpAnswer> {
  const table = tables.get(query.store);
  const windowed = windowTypes.includes(table.spec.type);
  if (query.key === undefined) return windowed ? windowsOfAll(table, query) : keysInOrder(table, query);
  const key = keyFromText(query.key, table.spec);
  const { freshness } = query;
  if (!windowed) return { kind: "row", ...(await table.get(key, { freshness })) };
  const { rows, ...facts } = await table.windows(key, { ...times(query), freshness });
  return { kind: "windows", rows: rows.slice(-query.limit), ...facts };
}

async function keysInOrder(table: Table<unknown, unknown>, query: LookUp): Promise<LookUpAnswer> {
  const end = (name: "from" | "to") => {
    const text = query[name];
    return text === undefined ? {} : { [name]: keyFromText(text, table.spec) };
  };
  const { freshness, limit } = query;
  return { kind: "range", ...(await table.range({ ...end("from"), ...end("to"), limit, freshness })) };
}

async function windowsOfAll(table: Table<unknown, unknown>, query: LookUp): Promise<LookUpAnswer> {
  const bounds = { ...times(query), freshness: query.freshness };
  const rows: WindowRow<unknown, unknown>[] = [];
  const partitions: AnswerFacts[] = [];
  for (let partition = 0; partition < table.partitionCount; partition++) {
    const { rows: found, ...facts } = await table.partitionWindows(partition, bounds);
    rows.push(...found.slice(-query.limit));
    partitions.push(facts);
  }
  rows.sort((a, b) => a.windowStartMs - b.windowStartMs);
  return { kind: "range", rows: rows.slice(-query.limit), partitions };
}

function times(query: LookUp): { readonly from?: number; readonly to?: number } {
  const time = (name: "from" | "to") => {
    const text = query[name];
    if (text === undefined) return {};
    if (!/^\d{1,15}$/.test(text)) {
      const details = { store: query.store, [name]: text };
      throw new StreamError("QUERY_INVALID", `${name} is ${JSON.stringify(text)}: must be a time in milliseconds`, {
        details,
      });
    }
    return { [name]: Number(text) };
  };
  return { ...time("from"), ...time("to") };
}
