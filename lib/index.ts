/** The public API of Millrace: define applications and query their tables. */
export type { SettingDescription } from "./config/describe.ts";
export { describeSettings } from "./config/describe.ts";
export type { Settings, SettingsInput } from "./config/settings.ts";
export { parseSettings } from "./config/settings.ts";
export type { Duration } from "./core/duration.ts";
export type { Advice, ErrorCode, ErrorDetails } from "./core/errors.ts";
export { isStreamError, StreamError } from "./core/errors.ts";
export type { App, AppSettings } from "./dsl/app.ts";
export { defineApp } from "./dsl/app.ts";
export type { Branched } from "./dsl/branched-stream.ts";
export { BranchedKStream } from "./dsl/branched-stream.ts";
export type { SourceTopics, StreamOptions, TableOptions } from "./dsl/builder.ts";
export { StreamsBuilder } from "./dsl/builder.ts";
export type { CogroupedSessionOptions } from "./dsl/cogrouped-stream.ts";
export {
  CogroupedKStream,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from "./dsl/cogrouped-stream.ts";
export type { Connected } from "./dsl/connected-stores.ts";
export type { DistinctBy, DistinctOptions } from "./dsl/distinct.ts";
export type { GlobalStoreOptions, GlobalTableOptions } from "./dsl/global-table.ts";
export { GlobalKTable } from "./dsl/global-table.ts";
export type { StoreOptions, ValueStoreOptions } from "./dsl/grouped-stream.ts";
export { KGroupedStream } from "./dsl/grouped-stream.ts";
export type { TableAggregateOptions, TableGroupedOptions } from "./dsl/grouped-table.ts";
export { KGroupedTable } from "./dsl/grouped-table.ts";
export type { GroupedWithinOptions } from "./dsl/grouped-within.ts";
export type { JoinWindows, JoinWindowsOptions } from "./dsl/join-windows.ts";
export { joinWindows } from "./dsl/join-windows.ts";
export type { LateOptions } from "./dsl/late-stream.ts";
export type { LowLevelProcessor, LowLevelSink, ReadOnlyStoreOptions, TopologyNodeRef } from "./dsl/low-level.ts";
export type { AsyncCall, AsyncMapper, AsyncOptions } from "./dsl/map-values-async.ts";
export type { BuildOptions, Optimization, TopologyOptimization } from "./dsl/optimization.ts";
export type { TtlOptions } from "./dsl/row-ttl.ts";
export type { SessionStoreOptions } from "./dsl/session-windowed-stream.ts";
export { SessionWindowedKStream } from "./dsl/session-windowed-stream.ts";
export type { SessionStoreContents, StoreContents, VersionedContents, WindowContents } from "./dsl/stores.ts";
export { Stores } from "./dsl/stores.ts";
export type { GroupedOptions, Named } from "./dsl/stream.ts";
export { KStream } from "./dsl/stream.ts";
export type {
  DynamicToOptions,
  PrintOptions,
  ProcessOptions,
  RepartitionedOptions,
  ToOptions,
} from "./dsl/stream-routes.ts";
export type { StreamJoinedOptions } from "./dsl/stream-stream-join.ts";
export type { JoinedOptions, KeyedOptions } from "./dsl/stream-table-join.ts";
export type { BufferLimits, EagerBufferLimits, Suppression } from "./dsl/suppressed.ts";
export { Suppressed } from "./dsl/suppressed.ts";
export type { DerivedOptions, ForeignKeyOptions, TransformValuesOptions } from "./dsl/table.ts";
export { KTable } from "./dsl/table.ts";
export type { VersionedStoreName } from "./dsl/versioned-store.ts";
export { versionedKeyValue } from "./dsl/versioned-store.ts";
export { TimeWindowedKStream } from "./dsl/windowed-stream.ts";
export type { WindowStoreOptions } from "./dsl/windowed-table.ts";
export type {
  SessionWindows,
  SessionWindowsOptions,
  SlidingWindows,
  SlidingWindowsOptions,
  TimeWindows,
  TimeWindowsOptions,
  UnlimitedWindowsOptions,
} from "./dsl/windows.ts";
export { sessionWindows, slidingWindows, timeWindows, unlimitedWindows } from "./dsl/windows.ts";
export type { Aggregator, Initializer } from "./operators/aggregate.ts";
export type { EmitStrategy } from "./operators/final-results.ts";
export type { FixedKeyProcessor, FixedKeyProcessorSupplier } from "./operators/fixed-key-processor.ts";
export { FixedKeyRecord } from "./operators/fixed-key-record.ts";
export type { Pair } from "./operators/map.ts";
export type {
  FixedKeyProcessorContext,
  ProcessingContext,
  ProcessorContext,
  Punctuator,
  RecordMetadata,
} from "./operators/processing-context.ts";
export type { Processor, ProcessorSupplier } from "./operators/processor.ts";
export type { RecordParts } from "./operators/processor-record.ts";
export { ProcessorRecord } from "./operators/processor-record.ts";
export type { Reducer } from "./operators/reduce.ts";
export type { Merger } from "./operators/session-aggregate.ts";
export type { ValueTransformerWithKey, ValueTransformerWithKeySupplier } from "./operators/table-transform-values.ts";
export type { ValueJoiner } from "./operators/value-joiner.ts";
export type { BearerToken, TokenProvider } from "./ports/credentials.ts";
export type { Freshness, QueryPorts } from "./query/pin-state-reader.ts";
export type { AnswerFacts, KeyBounds, KeyRow, QueryOptions, WindowBounds, WindowRow } from "./query/tables.ts";
export { openTables, Table, Tables } from "./query/tables.ts";
export { RecordHeaders } from "./records/headers.ts";
export type { Header } from "./records/reader.ts";
export { bytes } from "./serde/bytes.ts";
export type { CustomFormat } from "./serde/custom.ts";
export { custom } from "./serde/custom.ts";
export { float64 } from "./serde/float64.ts";
export { int64 } from "./serde/int64.ts";
export type { Parser, SerdeLike } from "./serde/json.ts";
export { json } from "./serde/json.ts";
export type { Serde } from "./serde/serde.ts";
export { string } from "./serde/string.ts";
export type { Window, Windowed } from "./serde/windowed.ts";
export { sessionWindowed, timeWindowed } from "./serde/windowed.ts";
export type { KeyRange } from "./state/typed/key-text.ts";
export type { KeyValueStore } from "./state/typed/key-value-store.ts";
export type { SessionStore } from "./state/typed/session-store.ts";
export type { StateStore, StoreBuilder, ValueAndTimestamp } from "./state/typed/state-store.ts";
export type { TimestampedKeyValueStore } from "./state/typed/timestamped-key-value-store.ts";
export type { TimestampedWindowStore } from "./state/typed/timestamped-window-store.ts";
export type { PutVersion, VersionedKeyValueStore } from "./state/typed/versioned-key-value-store.ts";
export type { WindowStore } from "./state/typed/window-store.ts";
export { describe } from "./topology/describe.ts";
export type {
  ExceptionHandler,
  ExceptionHandlers,
  FailurePhase,
  RecordFailure,
  RetryOptions,
} from "./topology/exception-handler.ts";
export { chooseHandler, deadLetter, logAndContinue, logAndFail, retry } from "./topology/exception-handler.ts";
export type { TimestampExtractor, Topology } from "./topology/node.ts";
export type { AutoOffsetReset } from "./topology/offset-reset.ts";
export type { Cancellable, PunctuationType, ScheduleOptions } from "./topology/punctuation.ts";
export type {
  PartitionerContext,
  RecordContext,
  StreamPartitioner,
  TopicNameExtractor,
} from "./topology/routing.ts";
