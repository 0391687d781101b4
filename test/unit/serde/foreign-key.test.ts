import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ByteSink } from "../../../lib/core/byte-sink.ts";
import type { Instruction } from "../../../lib/serde/foreign-key.ts";
import { foreignAnswer, keyText, subscription, subscriptionKey } from "../../../lib/serde/foreign-key.ts";
import { Murmur3 } from "../../../lib/serde/murmur3.ts";
import type { Serde } from "../../../lib/serde/serde.ts";
import { string } from "../../../lib/serde/string.ts";

interface Hashed {
  readonly hash: string | null;
  readonly hex: string;
}

const golden = new URL("../../golden/serde/foreign-key.json", import.meta.url);
const recorded = JSON.parse(readFileSync(golden, "utf8")) as {
  readonly murmur3: readonly { readonly input: string; readonly hash: string }[];
  readonly combinedKey: readonly {
    readonly foreignKey: string;
    readonly primaryKey: string;
    readonly hex: string;
    readonly prefix: string;
  }[];
  readonly fkSubscription: readonly (Hashed & {
    readonly instructionByte: Instruction;
    readonly primaryKey: string;
    readonly primaryPartition: number | null;
  })[];
  readonly fkResponse: readonly (Hashed & { readonly foreignValue: string | null })[];
};

const answers = foreignAnswer(string() as Serde<unknown>);
const latin1 = (hex: string): string => Buffer.from(hex, "hex").toString("latin1");
const textOf = (value: string): string => Buffer.from(value).toString("latin1");
const hashOf = ({ hash }: Hashed): string | null => (hash === null ? null : latin1(hash));

function written<T>(serde: Serde<T>, value: T): string {
  const sink = new ByteSink(4);
  serde.write(value, sink);
  return sink.view().toString("hex");
}

function read<T>(serde: Serde<T>, hex: string): T {
  const bytes = Buffer.from(`07${hex}07`, "hex");
  return serde.read(bytes, 1, bytes.length - 1);
}

test.for(recorded.murmur3)("hashes $input as Kafka does", ({ input, hash }) => {
  const bytes = Buffer.from(`07${input}07`, "hex");
  expect(new Murmur3().hash(bytes, 1, bytes.length - 1)).toBe(latin1(hash));
});

test("one instance hashes one thing after the other", () => {
  const murmur3 = new Murmur3();
  for (const { input, hash } of recorded.murmur3) {
    const bytes = Buffer.from(input, "hex");
    expect(murmur3.hash(bytes, 0, bytes.length)).toBe(latin1(hash));
  }
});

test.for(recorded.combinedKey)("keys of subscriptions are Kafka's: $hex", ({ foreignKey, primaryKey, hex, prefix }) => {
  expect(subscriptionKey(textOf(foreignKey), textOf(primaryKey))).toBe(latin1(hex));
  expect(subscriptionKey(textOf(foreignKey), "")).toBe(latin1(prefix));
});

test.for(recorded.fkSubscription)("subscriptions are Kafka's: $hex", (sample) => {
  const value = {
    instruction: sample.instructionByte,
    hash: hashOf(sample),
    primaryKeyText: textOf(sample.primaryKey),
    primaryPartition: sample.primaryPartition ?? undefined,
  };
  expect(written(subscription, value)).toBe(sample.hex);
  expect(read(subscription, sample.hex)).toEqual(value);
});

test.for(recorded.fkResponse)("answers are Kafka's: $hex", (sample) => {
  expect(written(answers, { hash: hashOf(sample), value: sample.foreignValue })).toBe(sample.hex);
  // A value without bytes is none, when it is read.
  expect(read(answers, sample.hex)).toEqual({ hash: hashOf(sample), value: sample.foreignValue || null });
});

test("versions from the future are refused", () => {
  for (const [serde, hex] of [
    [subscription, "0200"],
    [answers, "01"],
  ] as const) {
    expect(() => read(serde as Serde<unknown>, hex)).toThrow(
      expect.objectContaining({ code: "DESERIALIZATION_FAILED", message: expect.stringContaining("version") }),
    );
  }
});

test("key text is the bytes themselves", () => {
  expect(written(keyText, "\u00e9\u0000")).toBe("e900");
  expect(read(keyText, "e900")).toBe("\u00e9\u0000");
});
