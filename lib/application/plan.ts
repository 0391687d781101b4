import type { PartitionKey, TopicPartition } from "../core/ids.ts";
import type { TopicDescription } from "../ports/log.ts";
import type { StoreSpec } from "../state/store.ts";
import type { ExceptionHandlers } from "../topology/exception-handler.ts";
import type { GlobalStore, SubTopology } from "../topology/node.ts";
import type { OffsetReset } from "../topology/offset-reset.ts";
import type { AppManifest } from "./manifest.ts";

/** An input partition of a task. */
export interface TaskInput extends TopicPartition {
  readonly key: PartitionKey;
  readonly offsetReset: OffsetReset;
}

/** The changelog partition of a task's store. */
export interface TaskChangelog extends TopicPartition {
  readonly key: PartitionKey;
  readonly store: StoreSpec;
  /** A source topic: it is read only, and ends where its input stands. */
  readonly isSource: boolean;
}

/** A task: one sub-topology on one partition, with everything it reads and writes resolved. */
export interface TaskPlan {
  /** `<stable id of the sub-topology>_<partition>`: never changes inside a generation. */
  readonly id: string;
  readonly subTopology: SubTopology;
  readonly partition: number;
  readonly inputs: readonly TaskInput[];
  readonly changelogs: readonly TaskChangelog[];
  readonly exceptionHandlers: ExceptionHandlers;
  /** Bytes of each record cache; 0: there are none. */
  readonly cacheMaxBytes: number;
}

/** All tasks of one pin: `partition mod P = pin`. */
export interface PinPlan {
  readonly pin: number;
  readonly tasks: readonly TaskPlan[];
}

/** A topic that every worker keeps whole. */
export interface GlobalTopic extends GlobalStore {
  readonly partitions: number;
}

/** An application resolved against its topics and its manifest: what every worker, coordinator and query agrees on. */
export interface ApplicationPlan {
  readonly applicationId: string;
  readonly generation: number;
  readonly pinCount: number;
  /** Every topic that is read or written. */
  readonly topics: ReadonlyMap<string, TopicDescription>;
  readonly partitionCounts: ReadonlyMap<string, number>;
  readonly pins: readonly PinPlan[];
  readonly positionsTopic: string;
  readonly globals: readonly GlobalTopic[];
  readonly manifest: AppManifest;
}

/** Task id as it stands in positions and manifests. */
export function taskId(stableId: string, partition: number): string {
  return `${stableId}_${partition}`;
}
