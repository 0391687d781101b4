import { utf8Text } from "../core/byte-text.ts";
import type { Serde } from "./serde.ts";

const serde: Serde<string> = Object.freeze<Serde<string>>({
  id: "string",
  write: (value, sink) => sink.utf8(value),
  read: utf8Text,
});

/**
 * Text as UTF-8.
 *
 * @source Kafka `StringSerializer`
 * @example
 * builder.stream("words", { key: string(), value: string() });
 */
export function string(): Serde<string> {
  return serde;
}
