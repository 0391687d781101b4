/** Records that fail on real servers, with handlers that go on: nothing else is lost, and what was put aside comes back once. */
import { expect, test } from "vitest";
import { deadLetter, isStreamError, logAndContinue } from "../../lib/index.ts";
import { custom } from "../../lib/serde/custom.ts";
import { redrive } from "../../lib/worker/redrive.ts";
import { describeWithServers } from "../support/servers/describe.ts";
import { CountApp } from "./recovery/count-app.ts";
import { Machine } from "./recovery/machine.ts";

/** Text; bytes that are none are refused until they are `mended`. */
function textUnless(mended: boolean) {
  return custom<string>({
    id: "string",
    serialize: (text) => Buffer.from(text),
    deserialize: (bytes) => {
      if (bytes[0] === 0xff && !mended) throw new Error("no text");
      return Buffer.from(bytes).toString();
    },
  });
}

describeWithServers("records that fail on real servers", ({ kafka, s3, dynamodb }) => {
  const bad = Buffer.from([0xff]);

  test("a dead letter is there once, and redriven it is counted once, whoever ran when", async () => {
    const count = await CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });
    const aside = { deserializationExceptionHandler: deadLetter(`${count.app.id}-dead`) };
    count.redeploy(textUnless(false), aside);
    await count.write(300);
    for (const key of ["k7", "k8", "k7"]) await count.writeBytes(key, bad);
    await count.write(300);
    const first = new Machine(count);
    await first.runUntilIdle();
    expect(first.errors).toEqual([]);
    expect(await count.violations()).not.toEqual([]);

    count.redeploy(textUnless(true), aside);
    const { log } = count.ports;
    const topic = `${count.app.id}-dead`;
    const all = { redriven: { [`${count.app.id}-in`]: 3 }, foreign: 0 };
    expect(await redrive(count.app, log, { topic, dryRun: true })).toEqual(all);
    expect(await redrive(count.app, log, { topic, limit: 1 })).toMatchObject({
      redriven: { [`${count.app.id}-in`]: 1 },
    });
    expect(await redrive(count.app, log, { topic })).toMatchObject({ redriven: { [`${count.app.id}-in`]: 2 } });
    expect(await redrive(count.app, log, { topic })).toEqual({ redriven: {}, foreign: 0 });
    const second = new Machine(count);
    await second.runUntilIdle();
    expect(second.errors).toEqual([]);
    expect(await count.violations(), "each record counts once").toEqual([]);
    await count.close();
  });

  test("a pin that keeps failing is parked alone: others take what comes meanwhile, and mended it goes on where it stopped", async () => {
    const count = await CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });
    count.redeploy(textUnless(false));
    await count.write(300);
    const stuck = await count.writeBytes("k7", bad);
    const strict = new Machine(count);
    let ends: readonly number[] | undefined;
    await strict.runUntil(async () => {
      if (strict.logged("pin-stopped") < 2) return false;
      if (ends === undefined) {
        await count.write(300);
        ends = await count.inputEnds();
      }
      const reached = await count.reached();
      const others = reached.every((offset, pin) => pin === stuck.partition || offset >= (ends?.[pin] ?? 0));
      return others && strict.logged("pin-stopped") >= 3;
    });
    expect((await count.reached())[stuck.partition]).toBeLessThanOrEqual(stuck.offset);
    const codes = strict.errors.map((error) => (isStreamError(error) ? [error.code, error.details["offset"]] : error));
    expect(new Set(codes.map(String))).toEqual(new Set([`DESERIALIZATION_FAILED,${stuck.offset}`]));

    count.redeploy(textUnless(true));
    const mended = new Machine(count);
    await mended.runUntilIdle();
    expect(mended.errors).toEqual([]);
    expect(await count.violations()).toEqual([]);
    await count.close();
  });

  test("a record that is skipped is the only one that is missing", async () => {
    const count = await CountApp.create({ bootstrap: kafka.bootstrap, s3, dynamodb });
    count.redeploy(textUnless(false), { deserializationExceptionHandler: logAndContinue() });
    await count.write(300);
    await count.writeBytes("k7", bad);
    await count.write(300);
    const machine = new Machine(count);
    await machine.runUntilIdle();
    expect([machine.errors, machine.logged("record-skipped")]).toEqual([[], 1]);
    const missing = await count.violations();
    expect(missing.length).toBeGreaterThan(0);
    expect(missing.filter((each) => !/\bk7\b/.test(each))).toEqual([]);
    await count.close();
  });
});
