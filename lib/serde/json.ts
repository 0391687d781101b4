import { StreamError } from "../core/errors.ts";
import type { Serde } from "./serde.ts";

/** Anything that checks a value and returns it typed: a zod schema, for example. Throws when the value does not fit. */
export interface Parser<T> {
  parse(input: unknown): T;
}

/** A serde, or a schema: values of a schema are JSON. */
export type SerdeLike<T> = Serde<T> | Parser<T>;

/**
 * JSON as UTF-8 text, as `JSON.stringify` writes it; with a schema every value that is read is checked by its `parse`.
 *
 * Values are checked by the compiler when they are written and by the schema when they are read, so a schema must accept
 * what it returns: no one-way transforms.
 *
 * @example
 * const Trade = z.object({ price: z.number(), size: z.number().int() });
 * builder.stream("trades", { key: string(), value: json(Trade) });
 */
export function json<T = unknown>(schema?: Parser<T>): Serde<T> {
  return Object.freeze<Serde<T>>({
    id: "json",
    ...(readsNullAsNull(schema) && { isNull: isNullText }),
    write(value, sink) {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) {
        throw new StreamError("SERIALIZATION_FAILED", `json() cannot write a ${typeof value}`);
      }
      sink.utf8(text);
    },
    read(bytes, start, end) {
      const value: unknown = JSON.parse(bytes.utf8Slice(start, end));
      return schema === undefined ? (value as T) : schema.parse(value);
    },
  });
}

/** "null" in ASCII. */
const NULL_TEXT = 0x6e_75_6c_6c;

function isNullText(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 4 && bytes.readInt32BE(start) === NULL_TEXT;
}

/** A schema may refuse null, or make something else of it. */
function readsNullAsNull(schema: Parser<unknown> | undefined): boolean {
  if (schema === undefined) return true;
  try {
    return schema.parse(null) === null;
  } catch {
    return false;
  }
}

/** The serde that a user meant: serdes as they are, schemas as JSON. */
export function asSerde<T>(like: SerdeLike<T>): Serde<T> {
  return "parse" in like ? json(like) : like;
}
