import { expect, test } from "vitest";
import { prepareApplication } from "../../../lib/application/prepare.ts";
import type { App, AutoOffsetReset } from "../../../lib/index.ts";
import { defineApp, string } from "../../../lib/index.ts";
import { PinScene } from "../../support/pin-scene.ts";

const text = { key: string(), value: string() };

function copies(offsetReset: AutoOffsetReset | undefined, autoOffsetReset?: AutoOffsetReset): App {
  return defineApp({ id: "app", ...(autoOffsetReset !== undefined && { autoOffsetReset }) }, (builder) => {
    builder.stream("in", { ...text, ...(offsetReset !== undefined && { offsetReset }) }).to("out", text);
  });
}

/** What a new application takes of two records, one 20 s and one 5 s old, and one that comes when it runs. */
async function taken(app: App): Promise<readonly (string | undefined)[]> {
  const scene = await PinScene.open({ app, partitions: 1 });
  await scene.run(scene.clock.sleep(60_000));
  const at = (value: string, ageMs: number) => ({ key: "k", value, timestampMs: scene.clock.nowMs() - ageMs });
  await scene.write("in", 0, [at("old", 20_000), at("young", 5_000)]);
  const pin = await scene.startPin(0, scene.environment("w1").environment).untilRunning();
  await scene.write("in", 0, [at("new", 0)]);
  await pin.untilCaughtUp();
  await pin.drained();
  return (await scene.read("out")).map(({ value }) => value?.toString());
}

test.for<[AutoOffsetReset | undefined, AutoOffsetReset | undefined, readonly string[]]>([
  [undefined, undefined, ["old", "young", "new"]],
  ["earliest", "latest", ["old", "young", "new"]],
  ["latest", undefined, ["new"]],
  [undefined, "latest", ["new"]],
  [{ byDuration: "10s" }, undefined, ["young", "new"]],
  [undefined, { byDuration: "10s" }, ["young", "new"]],
  [{ byDuration: "1s" }, undefined, ["new"]],
  [{ byDuration: "7d" }, "latest", ["old", "young", "new"]],
])("a source with %j in an application with %j takes %j", async ([source, application, expected]) => {
  expect(await taken(copies(source, application))).toEqual(expected);
});

test("with none a new input stops its pin; one that has a position goes on there", async () => {
  const scene = await PinScene.open({ app: copies("none"), partitions: 1 });
  await scene.write("in", 0, [{ key: "k", value: "a", timestampMs: 1 }]);
  const refused = await scene.run(scene.startPin(0, scene.environment("w1").environment).ended);
  expect(refused).toMatchObject({ kind: "stopped", error: { code: "OFFSET_UNKNOWN" } });
  expect(String("error" in refused && refused.error)).toContain("in:0 was never read");

  scene.plan = await scene.run(prepareApplication(copies("earliest"), scene, "check"));
  const first = await scene.startPin(0, scene.environment("w2").environment).untilRunning();
  await first.untilCaughtUp();
  await first.drained();
  scene.plan = await scene.run(prepareApplication(copies("none"), scene, "check"));
  await scene.write("in", 0, [{ key: "k", value: "b", timestampMs: 2 }]);
  const second = await scene.startPin(0, scene.environment("w3").environment).untilRunning();
  await second.untilCaughtUp();
  await second.drained();
  expect((await scene.read("out")).map(({ value }) => value?.toString())).toEqual(["a", "b"]);
});

test.for([["sometimes"], [{ byDuration: "-1s" }], [{ byDuration: 1.5 }]])("%j is refused", ([reset]) => {
  expect(() => copies(reset as AutoOffsetReset)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test("a topic that is read twice must start in the same place", () => {
  const twice = (second: AutoOffsetReset) => () =>
    defineApp({ id: "app" }, (builder) => {
      builder.stream("in", { ...text, offsetReset: { byDuration: "1m" } }).to("out", text);
      builder.stream("in", { ...text, offsetReset: second }).to("out2", text);
    });
  expect(twice({ byDuration: 60_000 })).not.toThrow();
  expect(twice("earliest")).toThrow("with other serdes or settings");
});
