import { queryHandler } from "../../../functions/query.ts";
import { app } from "../app.ts";

/** The query function of Stock Trade Stats. */
export const handler = queryHandler(app);
