/** What users' tests import: `millrace/testing`. */
export type { LogRecord } from "./driver-log.ts";
export type { PipeOptions } from "./test-input-topic.ts";
export { TestInputTopic } from "./test-input-topic.ts";
export type { TestRecord } from "./test-output-topic.ts";
export { TestOutputTopic } from "./test-output-topic.ts";
export type { TestRow, TestTopicOptions, TestWindowRow } from "./topology-test-driver.ts";
export { TopologyTestDriver } from "./topology-test-driver.ts";
