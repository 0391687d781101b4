/** `millrace/serverless`: an application's functions, one line each. */
export { coordinatorHandler } from "./coordinator.ts";
export { queryHandler } from "./query.ts";
export { type WorkerAnswer, workerHandler } from "./worker.ts";
