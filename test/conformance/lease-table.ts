import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { leaseCases } from "./lease-table/leases.ts";
import { rowCases } from "./lease-table/rows.ts";
import { LeaseTableCase, type LeaseTableSubject } from "./lease-table/subject.ts";
import { workerCases } from "./lease-table/workers.ts";

/** The contract of `LeaseTable`, run against one adapter. */
export function leaseTableContract(name: string, start: () => Promise<LeaseTableSubject>): void {
  describe(`lease table contract on ${name}`, () => {
    const on = new LeaseTableCase(start);
    beforeAll(() => on.start());
    afterAll(() => on.close());
    beforeEach(() => on.begin());
    leaseCases(on);
    workerCases(on);
    rowCases(on);
  });
}
