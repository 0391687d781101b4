import { expect, test } from "vitest";
import { EncodingTurns } from "../../../lib/task/encoding-turns.ts";

const moment = () => new Promise<void>((resolve) => setImmediate(resolve));

test("one work is done at a time, in the order they were asked for", async () => {
  const turns = new EncodingTurns();
  const steps: string[] = [];
  const work = (name: string) =>
    turns.run(async () => {
      steps.push(`${name} begins`);
      await moment();
      steps.push(`${name} ends`);
      return name;
    });
  expect(await Promise.all([work("a"), work("b"), work("c")])).toEqual(["a", "b", "c"]);
  expect(steps).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("a work that fails tells who asked for it, and the next goes on", async () => {
  const turns = new EncodingTurns();
  const failed = turns.run(async () => {
    await moment();
    throw new Error("broken");
  });
  const next = turns.run(async () => "fine");
  await expect(failed).rejects.toThrow("broken");
  expect(await next).toBe("fine");
});
