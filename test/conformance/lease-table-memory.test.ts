import { MemoryLeaseRows } from "../../lib/adapters/memory/lease-table.ts";
import { leaseTableContract } from "./lease-table.ts";

leaseTableContract("memory", async () => {
  const rows = new MemoryLeaseRows();
  return { open: (app, generation) => rows.table({ app, generation }), close: async () => {} };
});
