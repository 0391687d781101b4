import type { VectorStep } from "../../conformance/vectors/vector-file.ts";
import { SeededRandom } from "../../support/virtual-clock.ts";

const words = ["apple", "ant", "bee", "berry", "cat", "cherry", "dog", "date", "eel", "fig"];
const keys = ["A", "B", "C", "D"];
const STEPS = 36;

/** What a seed chooses. */
export class Choices {
  private readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    for (let skipped = 0; skipped < 5; skipped++) this.random.next(); // seeds that follow each other begin alike
  }

  chance(probability: number): boolean {
    return this.random.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** Records of topics, with nulls, late ones, and at the end some that let time pass. */
export function steps(choices: Choices, topics: readonly string[]): readonly VectorStep[] {
  const made: VectorStep[] = [];
  let now = choices.chance(0.3) ? 0 : 100_000;
  const late = choices.pick([0, 0, 4000]);
  for (let step = 0; step < STEPS; step++) {
    now += choices.below(401);
    const behind = choices.chance(0.06) ? choices.below(late + 1) : choices.chance(0.25) ? choices.below(600) : 0;
    const key = choices.chance(0.05) ? null : choices.pick(keys);
    const value = choices.chance(0.12) ? null : choices.pick(words);
    made.push({ op: "pipe", topic: choices.pick(topics), key, value, timestamp: Math.max(0, now - behind) });
  }
  for (const round of [1, 2]) {
    for (const topic of topics) {
      now += 1_000_000;
      made.push({ op: "pipe", topic, key: "flush", value: `end${round}`, timestamp: now });
    }
  }
  return made;
}
