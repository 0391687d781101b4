import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { AppSettings } from "../../../lib/dsl/app.ts";
import { defineApp } from "../../../lib/dsl/app.ts";
import type { StreamsBuilder } from "../../../lib/dsl/builder.ts";
import { joinWindows } from "../../../lib/dsl/join-windows.ts";
import { versionedKeyValue } from "../../../lib/dsl/versioned-store.ts";
import type { ProcessorContext } from "../../../lib/operators/processing-context.ts";
import { bytes } from "../../../lib/serde/bytes.ts";
import { int64 } from "../../../lib/serde/int64.ts";
import { json } from "../../../lib/serde/json.ts";
import { string } from "../../../lib/serde/string.ts";
import { originOf } from "../../../lib/task/dead-letter.ts";
import { TopologyTestDriver } from "../../../lib/testing/topology-test-driver.ts";
import {
  chooseHandler,
  deadLetter,
  type ExceptionHandler,
  logAndContinue,
  logAndFail,
  retry,
} from "../../../lib/topology/exception-handler.ts";

const text = { key: string(), value: string() };

function drive(settings: Omit<AppSettings, "id">, define: (builder: StreamsBuilder) => void): TopologyTestDriver {
  return new TopologyTestDriver(defineApp({ id: "app", ...settings }, define));
}

/** Fails as often as it is told to, then goes well. */
function failing(times: number): () => void {
  let left = times;
  return () => {
    if (left-- > 0) throw new Error("not yet");
  };
}

const values = (driver: TopologyTestDriver, topic = "out") =>
  driver
    .createOutputTopic(topic)
    .readRecords()
    .map(({ value }) => value);

describe("a record that cannot be read", () => {
  const define = (builder: StreamsBuilder): void => {
    builder.stream("in", { key: int64(), value: json(z.object({ n: z.number() })) }).to("out");
  };
  const good = Buffer.from('{"n":1}');

  test.for<[string, Buffer | null, Buffer]>([
    ["the value is broken", null, Buffer.from('{"n":')],
    ["the value does not fit its schema", null, Buffer.from('{"n":"1"}')],
    ["the key is broken, and nobody looks at it", Buffer.from([1]), good],
  ])("is skipped before any node: %s", ([, key, value]) => {
    const driver = drive({ deserializationExceptionHandler: logAndContinue() }, define);
    const input = driver.createInputTopic("in");
    input.pipeBytes(key, value);
    input.pipeBytes(null, good);
    expect(values(driver)).toEqual([{ n: 1 }]);
  });

  test("goes to the dead letters with its bytes, its headers and its time", () => {
    const driver = drive({ deserializationExceptionHandler: deadLetter("dead") }, define);
    const headers = [{ key: "trace", value: Buffer.from("1") }];
    driver.createInputTopic("in").pipeBytes(Buffer.from([9]), Buffer.from("broken"), { timestampMs: 7, headers });
    const [dead] = driver.records("dead");
    expect(dead).toMatchObject({ key: Buffer.from([9]), value: Buffer.from("broken"), timestampMs: 7 });
    expect(dead?.headers[0]).toEqual(headers[0]);
    expect(originOf(dead?.headers ?? [])).toEqual({ topic: "in", partition: 0, offset: 0 });
  });

  test("does not advance stream time, and has no timestamp to extract", () => {
    const driver = drive({ deserializationExceptionHandler: logAndContinue() }, (builder) => {
      const value = json(z.object({ n: z.number() }));
      const timestampExtractor = ({ value: read }: { value: unknown }) => (read as { n: number }).n;
      builder.stream("in", { key: string(), value, timestampExtractor }).to("out");
    });
    const input = driver.createInputTopic("in");
    input.pipeBytes(null, Buffer.from("broken"), { timestampMs: 99 });
    input.pipeBytes(null, good, { timestampMs: 100 });
    expect(driver.records("out").map(({ timestampMs }) => timestampMs)).toEqual([1]);
  });
});

describe("a function that throws", () => {
  test("loses the record for its node and those below, in every copy of the record that reaches it", () => {
    const driver = drive({ processingExceptionHandler: deadLetter("dead") }, (builder) => {
      const pieces = builder.stream("in", text).flatMapValues((line) => line.split(" "));
      pieces
        .mapValues((word) => {
          if (word === "bad") throw new Error("a bad word");
          return word.toUpperCase();
        })
        .to("out", text);
      pieces.to("all", text);
    });
    driver.createInputTopic<string, string>("in").pipeInput("k", "a bad b bad", { timestampMs: 3 });
    expect([values(driver), values(driver, "all")]).toEqual([
      ["A", "B"],
      ["a", "bad", "b", "bad"],
    ]);
    const dead = driver.records("dead").map(({ key, value }) => [key?.toString(), value?.toString()]);
    expect(dead, "the record that the task took, once").toEqual([["k", "a bad b bad"]]);
  });

  test("after it changed an aggregate in place leaves nothing of that behind", () => {
    const driver = drive({ processingExceptionHandler: logAndContinue() }, (builder) => {
      builder
        .stream("in", text)
        .groupByKey()
        .aggregate(
          () => ({ words: [] as string[] }),
          (_key, word, all) => {
            all.words.push(word);
            if (word === "bad") throw new Error("a bad word");
            return all;
          },
          { store: "s", value: json<{ words: string[] }>() },
        )
        .toStream()
        .to("out");
    });
    const input = driver.createInputTopic<string, string>("in");
    for (const word of ["a", "bad", "b"]) input.pipeInput("k", word);
    expect(driver.keyValueRows("s")).toEqual([{ key: "k", value: { words: ["a", "b"] }, timestampMs: 0 }]);
  });

  test("after it changed a row with history in place leaves nothing of that behind", () => {
    const words = { key: string(), value: json<{ words: string[] }>() };
    const driver = drive({ processingExceptionHandler: logAndContinue() }, (builder) => {
      const table = builder.table("table", { ...words, store: versionedKeyValue("t", "1h") });
      builder
        .stream("in", text)
        .join(table, (word, row) => {
          row.words.push(word);
          if (word === "bad") throw new Error("a bad word");
          return row;
        })
        .to("out", { value: words.value });
    });
    driver.createInputTopic("table").pipeInput("k", { words: ["a"] }, { timestampMs: 1 });
    const input = driver.createInputTopic<string, string>("in");
    for (const word of ["bad", "b"]) input.pipeInput("k", word, { timestampMs: 2 });
    expect(values(driver)).toEqual([{ words: ["a", "b"] }]);
    expect(driver.versionedRows("t")).toMatchObject([{ value: { words: ["a"] } }]);
  });

  test("on a record that found no match loses that record, not all that come after it", () => {
    const driver = drive({ processingExceptionHandler: logAndContinue() }, (builder) => {
      builder
        .stream("in", text)
        .leftJoin(
          builder.stream("other", text),
          (left, right) => {
            if (left === "bad") throw new Error("a bad word");
            return `${left}+${right}`;
          },
          joinWindows({ timeDifference: 10, grace: 0 }),
        )
        .to("out", { value: string() });
    });
    const input = driver.createInputTopic<string, string>("in");
    for (const [word, timestampMs] of [
      ["bad", 0],
      ["a", 100],
      ["b", 200],
      ["c", 300],
    ] as const)
      input.pipeInput("k", word, { timestampMs });
    expect(values(driver), "a is lost with the record that waited before it").toEqual(["b+null"]);
  });

  test("in a processor does not lend its record to a punctuator", () => {
    const seen: unknown[] = [];
    const driver = drive({ processingExceptionHandler: logAndContinue() }, (builder) => {
      builder
        .stream("in", text)
        .process((context: ProcessorContext<string, string>) => {
          context.schedule({ interval: 10, type: "wallClockTime" }, (timestampMs) => {
            seen.push(context.recordMetadata());
            context.forward({ key: "tick", value: "v", timestampMs });
          });
          return {
            process: () => {
              throw new Error("no record is good enough");
            },
          };
        })
        .to("out", text);
    });
    driver.createInputTopic<string, string>("in").pipeInput("k", "v");
    driver.advanceWallClockTime(10);
    expect([seen, values(driver)]).toEqual([[undefined], ["v"]]);
  });

  test("and gives an aggregate that cannot be stored is one that failed", () => {
    const driver = drive({ processingExceptionHandler: logAndContinue() }, (builder) => {
      builder
        .stream("in", { key: string(), value: int64() })
        .groupByKey()
        .reduce((sum, n) => sum * n, { store: "s" })
        .toStream()
        .to("out");
    });
    const input = driver.createInputTopic<string, number>("in");
    for (const n of [2 ** 52, 4, 1]) input.pipeInput("k", n);
    expect(values(driver)).toEqual([2 ** 52, 2 ** 52]);
  });
});

test("a record that cannot be written is lost for its sink only", () => {
  const driver = drive({ productionExceptionHandler: deadLetter("dead") }, (builder) => {
    const numbers = builder.stream("in", { key: string(), value: json<number>() });
    numbers.to("out", { value: int64() });
    numbers.to("all");
  });
  const input = driver.createInputTopic<string, number>("in");
  for (const n of [1, 1.5, 2]) input.pipeInput("k", n);
  expect([values(driver), values(driver, "all")]).toEqual([
    [1, 2],
    [1, 1.5, 2],
  ]);
  expect(driver.records("dead").map(({ value }) => value?.toString())).toEqual(["1.5"]);
});

test.for<[keyof Omit<AppSettings, "id">, string]>([
  ["deserializationExceptionHandler", "PROCESSING_FAILED"],
  ["productionExceptionHandler", "PROCESSING_FAILED"],
])("%s is not asked about what a function throws", ([name, code]) => {
  const driver = drive({ [name]: logAndContinue() }, (builder) => {
    builder.stream("in", text).mapValues(failing(1)).to("out", { value: json() });
  });
  const input = driver.createInputTopic<string, string>("in");
  expect(() => input.pipeInput("k", "v")).toThrow(expect.objectContaining({ code }));
});

test("a choice sees node, topic and what was thrown", () => {
  const seen: unknown[] = [];
  const handler = chooseHandler({ on: logAndContinue(), stop: logAndFail() }, ({ exception, ...place }) => {
    seen.push(place, exception);
    return exception instanceof RangeError ? "on" : "stop";
  });
  const driver = drive({ processingExceptionHandler: handler }, (builder) => {
    builder
      .stream("in", text)
      .mapValues(
        (word) => {
          throw word === "far" ? new RangeError(word) : new TypeError(word);
        },
        { name: "parse" },
      )
      .to("out", { value: json() });
  });
  const input = driver.createInputTopic<string, string>("in");
  input.pipeInput("k", "far", { timestampMs: 5 });
  expect(seen).toEqual([
    { phase: "processing", node: "parse", topic: "in", partition: 0, offset: 0, timestampMs: 5 },
    new RangeError("far"),
  ]);
  expect(() => input.pipeInput("k", "odd")).toThrow(expect.objectContaining({ code: "PROCESSING_FAILED" }));
});

test("a choice that throws stops the pin, and is named", () => {
  const handler = chooseHandler({ on: logAndContinue() }, () => {
    throw new Error("cannot choose");
  });
  const driver = drive({ processingExceptionHandler: handler }, (builder) => {
    builder.stream("in", text).mapValues(failing(1), { name: "parse" }).to("out", { value: json() });
  });
  const input = driver.createInputTopic<string, string>("in");
  expect(() => input.pipeInput("k", "v")).toThrow("the choice of a handler for parse, which failed on in-0@0");
});

describe("a record that is tried again", () => {
  const counting = (handler: ExceptionHandler, fail: () => void) =>
    drive({ processingExceptionHandler: handler }, (builder) => {
      builder
        .stream("in", text)
        .flatMapValues((line) => line.split(" "))
        .groupBy((_key, word) => word, text)
        .count({ store: "s" })
        .toStream()
        .peek(fail)
        .to("out");
    });
  const countsOf = (driver: TopologyTestDriver) =>
    driver.keyValueRows<string, number>("s").map(({ key, value }) => [key, value]);

  test("counts once, when it goes well at last", () => {
    const driver = counting(retry({ attempts: 2, backoff: 10 }), failing(2));
    const input = driver.createInputTopic<string, string>("in");
    input.pipeInput("k", "a b a");
    input.pipeInput("k", "a");
    expect([countsOf(driver), values(driver)]).toEqual([
      [
        ["a", 3],
        ["b", 1],
      ],
      [1, 1, 2, 3],
    ]);
  });

  test("does what follows when all tries have failed", () => {
    const driver = counting(retry({ attempts: 2, backoff: 10, otherwise: deadLetter("dead") }), failing(3));
    driver.createInputTopic<string, string>("in").pipeInput("k", "a b");
    expect(values(driver)).toEqual([1]);
    expect(driver.records("dead").map(({ value }) => value?.toString())).toEqual(["a"]);
    expect(countsOf(driver), "the node that failed is below the count").toEqual([
      ["a", 1],
      ["b", 1],
    ]);
  });

  test("stops when nothing follows, and the next record begins anew", () => {
    const driver = counting(retry({ attempts: 1, backoff: 10 }), failing(3));
    const input = driver.createInputTopic<string, string>("in");
    expect(() => input.pipeInput("k", "a")).toThrow("not yet");
    input.pipeInput("k", "b");
    expect(countsOf(driver)).toEqual([["b", 1]]);
  });
});

test("bytes that a serde takes as they are are never broken", () => {
  const driver = drive({ deserializationExceptionHandler: logAndContinue() }, (builder) => {
    builder.stream("in", { key: bytes(), value: bytes() }).to("out");
  });
  driver.createInputTopic("in").pipeBytes(Buffer.from([0xff]), Buffer.from([0xfe]));
  expect(driver.records("out")).toHaveLength(1);
});
