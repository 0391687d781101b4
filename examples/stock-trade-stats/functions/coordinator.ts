import { coordinatorHandler } from "../../../functions/coordinator.ts";
import { app } from "../app.ts";

/** The coordinator function of Stock Trade Stats. */
export const handler = coordinatorHandler(app);
