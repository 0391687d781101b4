import { workerHandler } from "../../../functions/worker.ts";
import { app } from "../app.ts";

/** The worker function of Stock Trade Stats. */
export const handler = workerHandler(app);
