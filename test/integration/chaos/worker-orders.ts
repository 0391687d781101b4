import type { SettingsInput } from "../../../lib/config/settings.ts";
import type { Places } from "./places.ts";

/** What a worker process is told. */
export interface WorkerOrders {
  readonly app: string;
  readonly settings: SettingsInput;
  readonly places: Places;
}

/** Exit code of a worker that could not reach its servers when it started: nothing was done, the next one tries again. */
export const GAVE_UP_CODE = 2;
