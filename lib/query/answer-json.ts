/**
 * An answer as JSON text: integers too large for a number become text, bytes become base64.
 *
 * @example
 * answerJson({ value: 2n ** 60n, bytes: Buffer.from("hi") }); // '{"value":"1152921504606846976","bytes":"aGk="}'
 */
export function answerJson(answer: unknown, indent = 0): string {
  return JSON.stringify(answer, jsonValue, indent);
}

/** What JSON has no form for. `this` has the value before `toJSON`, which Buffers have. */
function jsonValue(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  if (original instanceof Uint8Array) return Buffer.from(original).toString("base64");
  return typeof value === "bigint" ? value.toString() : value;
}
