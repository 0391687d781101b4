import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileLeaseTable } from "../../lib/adapters/file/lease-table.ts";
import { leaseTableContract } from "./lease-table.ts";

leaseTableContract("files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "millrace-leases-"));
  return {
    open: (app, generation) => createFileLeaseTable({ folder, app, generation }),
    close: () => rm(folder, { recursive: true }),
  };
});
