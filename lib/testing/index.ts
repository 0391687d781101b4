/** `millrace/testing`: what tests of an application need. No SDK is loaded. */
export type { LogRecord } from "./driver-log.ts";
export { EmbeddedApplication, type InputRecord } from "./embedded-application.ts";
export { type EmbeddedPlatform, type EmbeddedPlatformOptions, embeddedPlatform } from "./embedded-platform.ts";
export { type LocalLauncher, type LocalPlatform, LocalRuntime, type LocalRuntimeOptions } from "./local-runtime.ts";
export { type StartEmbeddedOptions, startEmbedded } from "./start-embedded.ts";
export { type PipeOptions, TestInputTopic } from "./test-input-topic.ts";
export { TestOutputTopic, type TestRecord } from "./test-output-topic.ts";
export type { TestRow, TestSessionRow, TestVersionedRow, TestWindowRow } from "./test-rows.ts";
export { type TestDriverOptions, type TestTopicOptions, TopologyTestDriver } from "./topology-test-driver.ts";
