import { aggregations } from "./aggregations.ts";
import { caches } from "./caches.ts";
import { cogroup } from "./cogroup.ts";
import { emission } from "./emission.ts";
import { failures } from "./failures.ts";
import { foreignKeyJoins } from "./foreign-key-joins.ts";
import { globalTables } from "./global-tables.ts";
import { groupedTables } from "./grouped-tables.ts";
import { optimizations } from "./optimizations.ts";
import { processors } from "./processors.ts";
import { routes } from "./routes.ts";
import { sessions } from "./sessions.ts";
import { sliding } from "./sliding.ts";
import { stateless } from "./stateless.ts";
import { streamStreamJoins } from "./stream-stream-joins.ts";
import { streamTableJoins } from "./stream-table-joins.ts";
import { suppression } from "./suppression.ts";
import { tableTableJoins } from "./table-table-joins.ts";
import { tables } from "./tables.ts";
import { versioned } from "./versioned.ts";
import { windows } from "./windows.ts";
import type { CaseTopology } from "./words.ts";

/** The topology of every recorded case whose operators exist, by the case's name. */
export const caseTopologies: ReadonlyMap<string, CaseTopology> = new Map(
  Object.entries({
    ...aggregations,
    ...caches,
    ...cogroup,
    ...emission,
    ...failures,
    ...globalTables,
    ...groupedTables,
    ...optimizations,
    ...processors,
    ...routes,
    ...sessions,
    ...sliding,
    ...stateless,
    ...streamStreamJoins,
    ...streamTableJoins,
    ...suppression,
    ...tableTableJoins,
    ...tables,
    ...versioned,
    ...windows,
    ...foreignKeyJoins,
  }),
);
