import { expect, test } from "vitest";
import { expressionOf } from "../../../../lib/adapters/dynamodb/requests.ts";

test("an update names every attribute by a placeholder", () => {
  expect(
    expressionOf({
      set: { owner: { S: "a" } },
      setIfAbsent: { planVersion: { N: "0" } },
      add: { beat: { N: "1" } },
      remove: ["unraised"],
      conditions: [
        { kind: "present", name: "pk" },
        { kind: "absent", name: "owner" },
        { kind: "equals", name: "epoch", value: { N: "4" } },
        { kind: "absentOrEquals", name: "instance", value: { S: "i" } },
      ],
    }),
  ).toEqual({
    UpdateExpression:
      "SET #owner = :set_owner, #planVersion = if_not_exists(#planVersion, :default_planVersion) " +
      "ADD #beat :add_beat REMOVE #unraised",
    ConditionExpression:
      "attribute_exists(#pk) AND attribute_not_exists(#owner) AND #epoch = :if_epoch " +
      "AND (attribute_not_exists(#instance) OR #instance = :if_instance)",
    ExpressionAttributeNames: {
      "#owner": "owner",
      "#planVersion": "planVersion",
      "#beat": "beat",
      "#unraised": "unraised",
      "#pk": "pk",
      "#epoch": "epoch",
      "#instance": "instance",
    },
    ExpressionAttributeValues: {
      ":set_owner": { S: "a" },
      ":default_planVersion": { N: "0" },
      ":add_beat": { N: "1" },
      ":if_epoch": { N: "4" },
      ":if_instance": { S: "i" },
    },
  });
});

test("a removal without condition has no expressions: DynamoDB refuses empty ones", () => {
  expect(expressionOf({ conditions: [] })).toEqual({});
});
