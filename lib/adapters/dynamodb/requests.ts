import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { StreamError } from "../../core/errors.ts";
import { classifyFailure } from "./failure.ts";

/** A stored row. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** A condition on one attribute of the row as it is. */
export type Condition =
  | { readonly kind: "equals" | "absentOrEquals"; readonly name: string; readonly value: AttributeValue }
  | { readonly kind: "absent"; readonly name: string }
  | { readonly kind: "present"; readonly name: string };

/** A conditional update of one row. */
export interface RowUpdate {
  readonly set?: Item;
  readonly setIfAbsent?: Item;
  readonly add?: Item;
  readonly remove?: readonly string[];
  /** All must hold. */
  readonly conditions: readonly Condition[];
}

/** What a conditional write did; `item` is the row after it, or the row that refused it. */
export type RowWriteOutcome =
  | { readonly kind: "ok"; readonly item: Item }
  | { readonly kind: "refused"; readonly item: Item | undefined };

/** Bounds of every request. */
export interface RequestLimits {
  /** Of one operation, all its tries together. */
  readonly deadlineMs: number;
  /** Of one try. */
  readonly tryTimeoutMs: number;
}

/** Limits for requests within a region, which take 5 ms: several tries before a heartbeat is missed. */
export const defaultLimits: RequestLimits = { deadlineMs: 6_000, tryTimeoutMs: 1_500 };

const firstBackoffMs = 25;
const longestBackoffMs = 500;
/** Attribute with the id of the last write: a writer that lost the answer recognises its own. */
const writeId = "op";

/** Requests to the rows of one partition key, each with a deadline, bounded tries and settled answers. */
export class RowRequests {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #partition: string;
  readonly #limits: RequestLimits;

  constructor(options: {
    readonly table: string;
    readonly partition: string;
    readonly aws: DynamoDBClientConfig;
    readonly limits: RequestLimits;
  }) {
    // tries are counted here, where a lost answer is told from a refused write
    this.#client = new DynamoDBClient({ ...options.aws, maxAttempts: 1 });
    this.#table = options.table;
    this.#partition = options.partition;
    this.#limits = options.limits;
  }

  /** A strongly consistent read. */
  async get(sortKey: string): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: this.#key(sortKey), ConsistentRead: true });
    const answer = await this.#send("dynamodb:GetItem", (signal) => this.#client.send(command, signal));
    return answer.kind === "done" ? answer.output.Item : undefined;
  }

  /** Every row with a sort key from `first` to `last`, in strongly consistent pages. */
  async query(first: string, last: string): Promise<Item[]> {
    const items: Item[] = [];
    let from: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues: { ":pk": { S: this.#partition }, ":first": { S: first }, ":last": { S: last } },
        ExclusiveStartKey: from,
      });
      const page = await this.#send("dynamodb:Query", (signal) => this.#client.send(command, signal));
      if (page.kind === "refused") throw new StreamError("INVARIANT_BROKEN", "a query has no condition");
      items.push(...(page.output.Items ?? []));
      from = page.output.LastEvaluatedKey;
    } while (from !== undefined);
    return items;
  }

  /** A conditional update. A try whose answer was lost counts as done when the row carries its id. */
  async update(sortKey: string, update: RowUpdate): Promise<RowWriteOutcome> {
    const id = randomUUID();
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: this.#key(sortKey),
      ...expressionOf({ ...update, set: { ...update.set, [writeId]: { S: id } } }),
      ReturnValues: "ALL_NEW",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    const answer = await this.#send("dynamodb:UpdateItem", (signal) => this.#client.send(command, signal));
    if (answer.kind === "done") return { kind: "ok", item: answer.output.Attributes ?? {} };
    if (answer.item?.[writeId]?.S === id) return { kind: "ok", item: answer.item };
    return { kind: "refused", item: answer.item };
  }

  /** A conditional removal. A row that is gone after a try without answer counts as removed by it. */
  async remove(sortKey: string, conditions: readonly Condition[]): Promise<boolean> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: this.#key(sortKey),
      ...expressionOf({ conditions }),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    const answer = await this.#send("dynamodb:DeleteItem", (signal) => this.#client.send(command, signal));
    return answer.kind === "done" || (answer.perhapsApplied && answer.item === undefined);
  }

  #key(sortKey: string): Record<string, AttributeValue> {
    return { pk: { S: this.#partition }, sk: { S: sortKey } };
  }

  async #send<Output>(
    action: string,
    attempt: (options: { abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<
    | { readonly kind: "done"; readonly output: Output }
    | { readonly kind: "refused"; readonly item: Item | undefined; readonly perhapsApplied: boolean }
  > {
    const { deadlineMs, tryTimeoutMs } = this.#limits;
    const giveUpAtMs = performance.now() + deadlineMs;
    let perhapsApplied = false;
    for (let tries = 0; ; tries++) {
      const leftMs = Math.max(1, giveUpAtMs - performance.now());
      try {
        const output = await attempt({ abortSignal: AbortSignal.timeout(Math.ceil(Math.min(tryTimeoutMs, leftMs))) });
        return { kind: "done", output };
      } catch (error) {
        const failure = classifyFailure(error, { table: this.#table, action });
        if (failure.kind === "final") throw failure.error;
        if (failure.kind === "condition") {
          return { kind: "refused", item: failure.item as Item | undefined, perhapsApplied };
        }
        perhapsApplied ||= failure.applied === "perhaps";
        const backoffMs = Math.random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** tries);
        if (performance.now() + backoffMs >= giveUpAtMs) throw this.#unavailable(action, { tries: tries + 1, error });
        await sleep(backoffMs);
      }
    }
  }

  #unavailable(action: string, { tries, error }: { tries: number; error: unknown }): StreamError {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new StreamError(
      "LEASE_TABLE_UNAVAILABLE",
      `${action} on the table ${this.#table} had no answer in ${this.#limits.deadlineMs} ms (${tries} tries): ${reason}`,
      { details: { table: this.#table, action, tries }, cause: error },
    );
  }
}

/** The expressions of an update. Every attribute goes by a placeholder, so that reserved words need no care. */
export function expressionOf(update: RowUpdate): {
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
} {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  const name = (attribute: string) => {
    names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  };
  const value = (placeholder: string, given: AttributeValue) => {
    values[placeholder] = given;
    return placeholder;
  };
  const entries = (item: Item | undefined) => Object.entries(item ?? {});
  const sets = [
    ...entries(update.set).map(([key, given]) => `${name(key)} = ${value(`:set_${key}`, given)}`),
    ...entries(update.setIfAbsent).map(
      ([key, given]) => `${name(key)} = if_not_exists(${name(key)}, ${value(`:default_${key}`, given)})`,
    ),
  ];
  const adds = entries(update.add).map(([key, given]) => `${name(key)} ${value(`:add_${key}`, given)}`);
  const removes = (update.remove ?? []).map(name);
  const clause = (verb: string, parts: readonly string[]) => (parts.length > 0 ? [`${verb} ${parts.join(", ")}`] : []);
  const changes = [...clause("SET", sets), ...clause("ADD", adds), ...clause("REMOVE", removes)].join(" ");
  const conditions = update.conditions.map((condition) => {
    if (condition.kind === "absent") return `attribute_not_exists(${name(condition.name)})`;
    if (condition.kind === "present") return `attribute_exists(${name(condition.name)})`;
    const equality = `${name(condition.name)} = ${value(`:if_${condition.name}`, condition.value)}`;
    if (condition.kind === "equals") return equality;
    return `(attribute_not_exists(${name(condition.name)}) OR ${equality})`;
  });
  return {
    ...(changes === "" ? {} : { UpdateExpression: changes }),
    ...(conditions.length === 0 ? {} : { ConditionExpression: conditions.join(" AND ") }),
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}
