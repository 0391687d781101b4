/** Restart invariance (I11) of joins that let records wait: rebuilt after every record they emit what they would have. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StreamsBuilder } from "../../lib/dsl/builder.ts";
import { versionedKeyValue } from "../../lib/dsl/versioned-store.ts";
import { string } from "../../lib/serde/string.ts";
import { propertyRuns } from "../support/property-runs.ts";
import { TopologyHost } from "../support/task-host.ts";
import { commit, movedFrom } from "./moved-host.ts";

const text = { key: string(), value: string() };

function define(builder: StreamsBuilder): void {
  const rows = builder.table("rows", { ...text, store: versionedKeyValue("history", 40) });
  const stream = builder.stream("in", text);
  stream.join(rows, (left, right) => `${left}+${right}`, { gracePeriod: 10 }).to("inner", text);
  stream.leftJoin(rows, (left, right) => `${left}+${right}`, { gracePeriod: 25 }).to("left", text);
}

const record = fc.record({
  topic: fc.constantFrom("in", "in", "rows"),
  key: fc.constantFrom("A", "B"),
  value: fc.constantFrom("x", "y", null),
  timestampMs: fc.nat({ max: 60 }),
});

test("records wait through a restart after every record", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 30, size: "max" }), (records) => {
      const whole = new TopologyHost(define);
      let moving = new TopologyHost(define);
      for (const { topic, ...each } of records) {
        expect(moving.pipe(topic, each)).toEqual(whole.pipe(topic, each));
        commit(moving);
        moving = movedFrom(moving);
      }
    }),
    { numRuns: propertyRuns(150) },
  );
});
