import { describe } from "vitest";
import { abortedCases } from "./log/aborted.ts";
import { closingCases } from "./log/closing.ts";
import { compactionCases } from "./log/compaction.ts";
import { fencingCases } from "./log/fencing.ts";
import { fetchCases } from "./log/fetching.ts";
import { groupCases } from "./log/groups.ts";
import type { LogSubject } from "./log/harness.ts";
import { lostAnswerCases } from "./log/lost-answers.ts";
import { offsetCases } from "./log/offsets.ts";
import { roundTripCases } from "./log/round-trips.ts";
import { Scene } from "./log/scene.ts";
import { topicCases } from "./log/topics.ts";
import { transactionCases } from "./log/transactions.ts";

/**
 * What every `Log` adapter must do, as sentences.
 *
 * The suite runs on the memory log and on real brokers; the memory log is trusted for what stands here and no more.
 *
 * @param scope `transactions` leaves out what has nothing to do with their protocol: for brokers that differ only in that.
 */
export function logContract(name: string, subject: LogSubject, scope: "all" | "transactions" = "all"): void {
  describe(`Log contract: ${name}`, () => {
    const scene = new Scene(subject);
    if (scope === "all") {
      topicCases(scene);
      offsetCases(scene);
      roundTripCases(scene);
      fetchCases(scene);
    }
    transactionCases(scene);
    abortedCases(scene);
    fencingCases(scene);
    groupCases(scene);
    lostAnswerCases(scene);
    compactionCases(scene);
    if (scope === "all") closingCases(scene);
  });
}
