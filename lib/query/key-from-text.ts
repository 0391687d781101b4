import { StreamError } from "../core/errors.ts";
import type { StoreSpec } from "../state/store.ts";

/**
 * The key that a text in an address or on a command line stands for: the text itself where keys are text, else JSON.
 *
 * @throws {StreamError} `QUERY_INVALID` for text that is not JSON
 * @example
 * keyFromText("AAPL", { keySerde: string() }); // "AAPL"
 * keyFromText("42", { keySerde: int64() }); // 42
 */
export function keyFromText(text: string, { keySerde }: Pick<StoreSpec, "keySerde">): unknown {
  if (keySerde.id === "string") return text;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StreamError(
      "QUERY_INVALID",
      `keys are ${keySerde.id}: write one as JSON, not as ${JSON.stringify(text)}`,
      {
        details: { key: text, serde: keySerde.id },
        cause,
      },
    );
  }
}
