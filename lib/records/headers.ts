import type { Header } from "./reader.ts";

/**
 * Headers of a record, in order; names may repeat. Never changed: every operation answers new headers, so that records which
 * went to several children do not see each other's.
 *
 * @source Kafka `Headers`
 * @example
 * const headers = RecordHeaders.of([{ key: "trace", value: null }]).add("seen", "yes").remove("trace");
 * [...headers].map(({ key }) => key); // ["seen"]
 */
export class RecordHeaders implements Iterable<Header> {
  private static readonly none = new RecordHeaders([]);
  /** All of them, as records carry them. */
  readonly list: readonly Header[];

  private constructor(list: readonly Header[]) {
    this.list = list;
  }

  /** Headers in the order given. */
  static of(headers: Iterable<Header> | undefined): RecordHeaders {
    if (headers instanceof RecordHeaders) return headers;
    const list = headers === undefined || Array.isArray(headers) ? (headers as readonly Header[]) : [...headers];
    return list === undefined || list.length === 0 ? RecordHeaders.none : new RecordHeaders(list);
  }

  /** With one more at the end. Text becomes UTF-8. */
  add(key: string, value: string | Uint8Array | null): RecordHeaders {
    const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
    return new RecordHeaders([...this.list, { key, value: bytes }]);
  }

  /** Without those of a name. */
  remove(key: string): RecordHeaders {
    return RecordHeaders.of(this.list.filter((header) => header.key !== key));
  }

  /** Those of a name, in order. */
  headers(key: string): readonly Header[] {
    return this.list.filter((header) => header.key === key);
  }

  /** The last one of a name, or undefined. */
  lastHeader(key: string): Header | undefined {
    return this.list.findLast((header) => header.key === key);
  }

  [Symbol.iterator](): Iterator<Header> {
    return this.list[Symbol.iterator]();
  }
}
