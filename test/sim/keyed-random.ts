import type { Random } from "../../lib/ports/clock.ts";

/**
 * Random numbers that belong to (seed, actor, index), not to one shared stream: a fault that is taken away does not change
 * the choices of anybody else.
 */
export function keyedRandom(seed: number, actor: string): (index: number) => number {
  let base = seed ^ 0x9e3779b9;
  for (let i = 0; i < actor.length; i++) base = Math.imul(base ^ actor.charCodeAt(i), 0x85ebca6b);
  return (index) => {
    let h = Math.imul(base ^ Math.imul(index + 1, 0xc2b2ae35), 0x27d4eb2f);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
    return ((h ^ (h >>> 15)) >>> 0) / 0x1_0000_0000;
  };
}

/** A random port of one actor. */
export function simRandom(seed: number, actor: string): Random {
  const draw = keyedRandom(seed, actor);
  let index = 0;
  const next = () => draw(index++);
  const hex8 = () =>
    Math.floor(next() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, "0");
  return { next, uuid: () => hex8() + hex8() + hex8() + hex8() };
}
