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
 * The suite runs on the memory log and on a real broker; the memory log is trusted for what stands here and no more.
 */
export function logContract(name: string, subject: LogSubject): void {
  describe(`Log contract: ${name}`, () => {
    const scene = new Scene(subject);
    topicCases(scene);
    offsetCases(scene);
    roundTripCases(scene);
    fetchCases(scene);
    transactionCases(scene);
    abortedCases(scene);
    fencingCases(scene);
    groupCases(scene);
    lostAnswerCases(scene);
    compactionCases(scene);
    closingCases(scene);
  });
}
