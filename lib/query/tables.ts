import type { ApplicationPlan, TaskChangelog } from "../application/plan.ts";
import { type DeployedApplication, prepareApplication } from "../application/prepare.ts";
import { ByteSink } from "../core/byte-sink.ts";
import { StreamError } from "../core/errors.ts";
import { murmur2 } from "../serde/murmur2.ts";
import type { Serde } from "../serde/serde.ts";
import type { ViewRow } from "../snapshot/rows.ts";
import type { StoreView } from "../snapshot/view.ts";
import { keyedTypes, type StoreSpec, type StoreType, windowTypes } from "../state/store.ts";
import { type Freshness, PinStateReader, type QueryPorts } from "./pin-state-reader.ts";

/** What every answer says of itself. */
export interface AnswerFacts {
  readonly freshness: Freshness;
  readonly pin: number;
  readonly partition: number;
  /** Next input offset per `topic:partition`: everything below is in the answer. Empty before the first commit. */
  readonly position: Readonly<Record<string, number>>;
  readonly snapshotVersion: number | undefined;
  /** Changelog records that lie between the snapshot and the position. */
  readonly tailRecords: number;
}

/** A row of a key-value store. */
export interface KeyRow<K, V> {
  readonly key: K;
  readonly value: V;
  readonly timestampMs: number;
}

/** A row of a window store. */
export interface WindowRow<K, V> extends KeyRow<K, V> {
  readonly windowStartMs: number;
  /** Exclusive. */
  readonly windowEndMs: number;
}

/** How a query is answered. */
export interface QueryOptions {
  /** `committed` by default. */
  readonly freshness?: Freshness;
}

/** Bounds of windows: starts, both ends inclusive; what is not given is open. */
export interface WindowBounds extends QueryOptions {
  readonly from?: number;
  readonly to?: number;
}

/** Bounds of keys: both ends inclusive in byte order; what is not given is open. */
export interface KeyBounds<K> extends QueryOptions {
  readonly from?: K;
  readonly to?: K;
  /** Rows at most; 1000 by default. */
  readonly limit?: number;
}

const ROWS_MAX = 1_000;
const askableTypes: readonly StoreType[] = [...keyedTypes, ...windowTypes];

const howToAsk: Readonly<Record<StoreSpec["type"], string>> = {
  keyValue: "ask it with get(key) or range()",
  timestampedKeyValue: "ask it with get(key) or range()",
  window: "ask it with windows(key)",
  timestampedWindow: "ask it with windows(key)",
  session: "sessions cannot be asked yet",
  fkSubscriptions: "it belongs to a join and cannot be asked",
  suppressBuffer: "what waits in it cannot be asked; ask the table in front of it",
  timeOrderedBuffer: "records that wait for a join cannot be asked",
  versioned: "versioned tables cannot be asked yet",
  joinWindow: "records that wait for a join cannot be asked",
  joinSideList: "records that wait for a join cannot be asked",
};

/**
 * The tables of an application, queried from anywhere: from snapshots and the log, also when no worker is alive.
 *
 * @example
 * const { platform } = await startEmbedded({ app });
 * const tables = await openTables(app, platform);
 * tables.names; // ["counts"]
 * tables.get("trades"); // throws STORE_UNKNOWN
 */
export class Tables {
  private readonly plan: ApplicationPlan;
  private readonly reader: PinStateReader;

  /** @internal Made by `openTables`. */
  constructor(plan: ApplicationPlan, ports: QueryPorts) {
    this.plan = plan;
    this.reader = new PinStateReader(plan, ports);
  }

  /** Names of all stores that can be queried. */
  get names(): readonly string[] {
    const stores = this.plan.pins.flatMap(({ tasks }) =>
      tasks.flatMap(({ changelogs }) => changelogs.map(({ store }) => store)),
    );
    return [...new Set(stores.filter(({ type }) => askableTypes.includes(type)).map(({ name }) => name))].sort();
  }

  /**
   * A table by the name of its store.
   *
   * @throws {StreamError} `STORE_UNKNOWN`, naming the stores that exist
   */
  get<K = unknown, V = unknown>(name: string): Table<K, V> {
    const partitions = this.plan.pins
      .flatMap(({ pin, tasks }) =>
        tasks.flatMap((task) =>
          task.changelogs
            .filter(({ store }) => store.name === name)
            .map((changelog) => ({ pin, task: task.id, changelog })),
        ),
      )
      .sort((a, b) => a.changelog.partition - b.changelog.partition);
    const [first] = partitions;
    if (first === undefined) {
      throw new StreamError(
        "STORE_UNKNOWN",
        `there is no store ${JSON.stringify(name)}; there ${this.names.length === 1 ? "is" : "are"} ${this.names.join(", ") || "none"}`,
        { details: { store: name } },
      );
    }
    return new Table<K, V>(first.changelog.store, partitions, this.reader);
  }
}

interface TablePartition {
  readonly pin: number;
  readonly task: string;
  readonly changelog: TaskChangelog;
}

/**
 * One table of an application. Every answer says which input it reflects.
 *
 * @example
 * const running = await startEmbedded({ app });
 * await running.write("words", [{ key: "a", value: "one" }, { key: "a", value: "two" }]);
 * await running.caughtUp();
 * const { row, position } = await (await running.tables()).get<string, number>("counts").get("a");
 * row?.value; // 2
 * Object.keys(position); // ["words:0"]
 * await running.stop();
 */
export class Table<K, V> {
  readonly spec: StoreSpec;
  private readonly partitions: readonly TablePartition[];
  private readonly reader: PinStateReader;
  private readonly sink = new ByteSink(256);

  /** @internal Made by `Tables.get`. */
  constructor(spec: StoreSpec, partitions: readonly TablePartition[], reader: PinStateReader) {
    this.spec = spec;
    this.partitions = partitions;
    this.reader = reader;
  }

  /** The value of a key, or undefined. @throws {StreamError} `QUERY_INVALID` for a window store or an unfit key */
  async get(key: K, options: QueryOptions = {}): Promise<AnswerFacts & { readonly row: KeyRow<K, V> | undefined }> {
    this.expect(keyedTypes);
    const keyText = this.keyText(key);
    const { facts, answer: row } = await this.ask(this.partitionOf(keyText), options, (view) => view.get(keyText));
    return { ...facts, row: row === undefined ? undefined : this.keyRow(row) };
  }

  /** Windows of a key, ascending by start. @throws {StreamError} `QUERY_INVALID` for a key-value store or an unfit key */
  async windows(
    key: K,
    bounds: WindowBounds = {},
  ): Promise<AnswerFacts & { readonly rows: readonly WindowRow<K, V>[] }> {
    this.expect(windowTypes);
    const keyText = this.keyText(key);
    const { from = 0, to = Number.MAX_SAFE_INTEGER } = bounds;
    const { facts, answer } = await this.ask(this.partitionOf(keyText), bounds, (view) =>
      view.fetch(keyText, from, to),
    );
    return { ...facts, rows: answer.map((row) => this.windowRow(row, keyText, row.windowStartMs)) };
  }

  /** Keys of a key-value store in byte order, over all partitions. Each partition has its own position. */
  async range(
    bounds: KeyBounds<K> = {},
  ): Promise<{ readonly rows: readonly KeyRow<K, V>[]; readonly partitions: readonly AnswerFacts[] }> {
    this.expect(keyedTypes);
    const from = bounds.from === undefined ? undefined : this.keyText(bounds.from);
    const to = bounds.to === undefined ? undefined : this.keyText(bounds.to);
    const limit = this.limit(bounds);
    const partitions: AnswerFacts[] = [];
    const found: ViewRow[] = [];
    for (const partition of this.partitions) {
      const { facts, answer } = await this.ask(partition, bounds, (view) => view.range(from, to, limit));
      partitions.push(facts);
      found.push(...answer);
    }
    found.sort((a, b) => (a.keyText < b.keyText ? -1 : 1));
    return { rows: found.slice(0, limit).map((row) => this.keyRow(row)), partitions };
  }

  /** All windows of one partition, by start, then key: for checks and exports. */
  async partitionWindows(
    partition: number,
    bounds: WindowBounds = {},
  ): Promise<AnswerFacts & { readonly rows: readonly WindowRow<K, V>[] }> {
    this.expect(windowTypes);
    const found = this.partitions.find(({ changelog }) => changelog.partition === partition);
    if (found === undefined) {
      throw this.invalid(`has partitions 0 to ${this.partitions.length - 1}, not ${partition}`);
    }
    const { from = 0, to = Number.MAX_SAFE_INTEGER } = bounds;
    const { facts, answer } = await this.ask(found, bounds, (view) => view.fetchAll(from, to));
    return { ...facts, rows: answer.map((row) => this.windowRow(row, row.recordKeyText, row.windowStartMs)) };
  }

  /** How many partitions the table has. */
  get partitionCount(): number {
    return this.partitions.length;
  }

  private async ask<T>(
    { changelog, task, pin }: TablePartition,
    { freshness = "committed" }: QueryOptions,
    look: (view: StoreView) => Promise<T>,
  ): Promise<{ facts: AnswerFacts; answer: T }> {
    return this.reader.read({ changelog, task, freshness }, async (state) => {
      const answer = await look(state.view);
      const { snapshotVersion, tailRecords } = state;
      const position = state.position?.inputs ?? {};
      return {
        facts: { freshness, pin, partition: changelog.partition, position, snapshotVersion, tailRecords },
        answer,
      };
    });
  }

  private keyText(key: K): string {
    this.sink.reset();
    try {
      (this.spec.keySerde as Serde<unknown>).write(key, this.sink);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw this.invalid(`has no key ${shown(key)}, because keys are ${this.spec.keySerde.id}: ${reason}`, cause);
    }
    return this.sink.bytes.latin1Slice(0, this.sink.length);
  }

  private partitionOf(keyText: string): TablePartition {
    const key = Buffer.from(keyText, "latin1");
    const end = key.length - (this.spec.keySerde.unpartitionedSuffixBytes ?? 0);
    return this.partitions[(murmur2(key, 0, end) & 0x7fffffff) % this.partitions.length] as TablePartition;
  }

  private keyRow(row: ViewRow): KeyRow<K, V> {
    return { key: this.decodeKey(row.keyText), value: this.decodeValue(row), timestampMs: row.timestampMs };
  }

  private windowRow(row: ViewRow, recordKeyText: string, windowStartMs: number): WindowRow<K, V> {
    const windowEndMs = windowStartMs + (this.spec.windowSizeMs ?? 0);
    return {
      key: this.decodeKey(recordKeyText),
      value: this.decodeValue(row),
      timestampMs: row.timestampMs,
      windowStartMs,
      windowEndMs,
    };
  }

  private decodeKey(keyText: string): K {
    const bytes = Buffer.from(keyText, "latin1");
    return this.spec.keySerde.read(bytes, 0, bytes.length) as K;
  }

  private decodeValue(row: ViewRow): V {
    return this.spec.valueSerde.read(row.bytes, row.valueStart, row.valueStart + row.valueLength) as V;
  }

  private expect(types: readonly StoreType[]): void {
    if (types.includes(this.spec.type)) return;
    throw this.invalid(`is a ${this.spec.type} store: ${howToAsk[this.spec.type]}`);
  }

  private limit({ limit = ROWS_MAX }: KeyBounds<K>): number {
    if (Number.isSafeInteger(limit) && limit > 0) return Math.min(limit, ROWS_MAX);
    throw this.invalid(`cannot answer ${limit} rows: a limit is a whole number from 1 to ${ROWS_MAX}`);
  }

  private invalid(why: string, cause?: unknown): StreamError {
    const { name } = this.spec;
    return new StreamError("QUERY_INVALID", `store ${name} ${why}`, { details: { store: name }, cause });
  }
}

/** A key for an error message; JSON has no big integers. */
function shown(key: unknown): string {
  return typeof key === "bigint" ? `${key}n` : (JSON.stringify(key) ?? String(key));
}

/**
 * Opens the tables of a deployed application.
 *
 * @param ports Where the application lives: `connect` of `millrace/runtime` gives them, and so does an embedded platform.
 * @throws {StreamError} `TOPIC_MISSING`, `TOPOLOGY_INCOMPATIBLE` when the application is not deployed with this topology
 * @example
 * const { platform } = await startEmbedded({ app });
 * const tables = await openTables(app, platform);
 * (await tables.get<string, number>("counts").get("absent")).row; // undefined
 */
export async function openTables(app: DeployedApplication, ports: QueryPorts): Promise<Tables> {
  return new Tables(await prepareApplication(app, ports, "check"), ports);
}
