import { bytes, count, duration } from "./setting.ts";

const second = 1_000;
const minute = 60 * second;
const day = 24 * 60 * minute;
const kibibyte = 1 << 10;
const mebibyte = 1 << 20;

/** When a pin commits. */
export const commitSettings = {
  intervalMs: duration({
    default: 100,
    min: 1,
    max: minute,
    about:
      "Longest time that a processed record waits for its commit. Kafka Streams' default under exactly-once: a reader of the output sees a result about this late, and a commit costs the broker about 1 ms.",
  }),
  maxBytes: bytes({
    default: 16 * mebibyte,
    min: 64 * kibibyte,
    max: 256 * mebibyte,
    about:
      "Output and changelog bytes after which a pin commits before the interval, so that a transaction stays bounded.",
  }),
  maxPerSecond: count({
    default: 100,
    min: 1,
    max: 10_000,
    about:
      "Commits a second of all pins of a worker together: with more pins than fit, each waits longer than the interval. Bounds what a worker costs the broker, about a tenth of a core.",
  }),
  positionOnlyMs: duration({
    default: 5 * second,
    min: 100,
    max: 10 * minute,
    about:
      "Quiet time after which a position that moved past markers alone is committed. Long enough that a producer's own transactions do not cause a commit each.",
  }),
  maxReacquires: count({
    default: 3,
    min: 0,
    max: 100,
    about:
      "How often a pin that was fenced while its lease is still its own starts over before it stops with an error.",
  }),
} as const;

/** Kafka transactions. */
export const transactionSettings = {
  timeoutMs: duration({
    default: 10 * second,
    min: second,
    max: 15 * minute,
    about:
      "The broker aborts a transaction that is open longer. Short, because a dead worker's open transaction hides the output from committed readers; 15 minutes is the broker's own limit.",
  }),
  deadlineMs: duration({
    default: 15 * second,
    min: second,
    max: 15 * minute,
    about:
      "Bound of one transactional call with its retries. Long enough that a former owner's transaction is finished first; then the pin starts over.",
  }),
} as const;

/** Leases and heartbeats. */
export const leaseSettings = {
  deadAfterMs: duration({
    default: 10 * second,
    min: second,
    max: 10 * minute,
    about:
      "A worker without a heartbeat for so long is declared dead and its pins are given away. A wrong verdict costs time, never correctness; workers beat four times in it.",
  }),
  claimRetryMs: duration({
    default: 250,
    min: 10,
    max: minute,
    about: "Pause before a pin that its former owner still holds is claimed again: the gap of a hand-over.",
  }),
} as const;

/** When state is published to the object store. */
export const snapshotSettings = {
  maxAgeMs: duration({
    default: minute,
    min: second,
    max: day,
    about:
      "Age at which changed state is published. One request and one conditional write per pin: about 0.25 dollars a month at a minute.",
  }),
  maxDirtyBytes: bytes({
    default: 64 * mebibyte,
    min: mebibyte,
    max: 1024 * mebibyte,
    about:
      "Changed bytes that are published before the age is reached: what a publication has to sort and send at once.",
  }),
  maxTailRecords: count({
    default: 500_000,
    min: 1_000,
    max: 100_000_000,
    unit: "records",
    about:
      "Changelog records since the last snapshot that are published before the age is reached: what a takeover replays, about half a second.",
  }),
  retryMs: duration({
    default: 5 * second,
    min: 100,
    max: 10 * minute,
    about: "Pause after a publication that failed. Processing goes on meanwhile: the changelog holds everything.",
  }),
  handoverMaxTailRecords: count({
    default: 10_000,
    min: 0,
    max: 100_000_000,
    unit: "records",
    about:
      "A pin that is handed over with a shorter tail publishes nothing first: replaying it is faster than a request.",
  }),
} as const;

/** Reading from the log. */
export const fetchSettings = {
  maxWaitMs: duration({
    default: 500,
    min: 1,
    max: 30 * second,
    about:
      "How long the broker may hold a fetch that finds nothing. New records end the wait, and a partition that becomes hungry meanwhile is asked for beside it, so it costs no delay.",
  }),
  maxBytes: bytes({
    default: 32 * mebibyte,
    min: 64 * kibibyte,
    max: 512 * mebibyte,
    about:
      "Bytes of one fetch answer over all partitions: the largest buffer that a worker allocates for input. At most four fetches are under way at a time.",
  }),
  maxPartitionBytes: bytes({
    default: 4 * mebibyte,
    min: 16 * kibibyte,
    max: 128 * mebibyte,
    about: "Bytes of one partition in a fetch answer, so that one busy partition does not fill it.",
  }),
  maxBufferedBytes: bytes({
    default: 8 * mebibyte,
    min: 16 * kibibyte,
    max: 512 * mebibyte,
    about: "A partition with more unprocessed bytes in memory is not fetched until it has less.",
  }),
  retryMs: duration({ default: 100, min: 10, max: minute, about: "Pause after a fetch that failed." }),
} as const;

/** Processing. */
export const taskSettings = {
  maxBatchRecords: count({
    default: 1_000,
    min: 1,
    max: 1_000_000,
    unit: "records",
    about: "Records that are processed before heartbeats and answers get their turn: about a millisecond.",
  }),
  maxIdleMs: duration({
    default: 0,
    min: 0,
    max: minute,
    about:
      "How long a task with several inputs waits for one that has no records, before it takes those of the others: Kafka Streams' max.task.idle.ms. Above 0, results depend less on which producer is late, and every record waits where an input is quiet.",
  }),
  maxPendingBytes: bytes({
    default: 8 * mebibyte,
    min: 64 * kibibyte,
    max: 256 * mebibyte,
    about: "Encoded output that waits to be sent; with more a pin does not process until the broker has taken some.",
  }),
} as const;

/** Topics that the application creates. */
export const topicSettings = {
  replicas: count({
    default: -1,
    min: -1,
    max: 10,
    about:
      "Replicas of internal topics, taken when they are created; -1 takes the broker's default.replication.factor.",
  }),
  deleteRetentionMs: duration({
    default: 7 * day,
    min: minute,
    max: 365 * day,
    about:
      "delete.retention.ms of changelogs, taken when they are created: how long a tombstone survives compaction. A snapshot older than half of it is not used, because a deleted key could return. Who changes it later changes the topics as well.",
  }),
} as const;

/** The life of a worker. */
export const workerSettings = {
  drainMs: duration({
    default: 20 * second,
    min: second,
    max: 10 * minute,
    about:
      "Life that must be left when a worker with a deadline begins to hand its pins over: a commit, a snapshot and a release.",
  }),
  failureRetryMs: duration({
    default: 2 * second,
    min: 100,
    max: 10 * minute,
    about: "Pause before a pin that ended with a passing failure, such as an unreachable broker, is acquired again.",
  }),
  mirrorMs: duration({
    default: 5 * second,
    min: 500,
    max: 60 * minute,
    about: "How often committed positions are copied to the consumer group's offsets, where lag tools look.",
  }),
  purgeMs: duration({
    default: 30 * second,
    min: second,
    max: 60 * minute,
    about:
      "How often records of repartition topics that every reader has committed are deleted (Kafka Streams' default).",
  }),
} as const;
