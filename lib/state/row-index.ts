/** A place holds a slot number plus one, and the hash of its key; 0 is an empty place. */
const PLACE_INTS = 2;
const FIRST_PLACES = 32;

/**
 * Slots of rows by the hash of their key: open addressing in one block of memory, so that a look-up touches one or two cache lines
 * of it. It knows hashes only; whoever looks up compares keys.
 */
export class RowIndex {
  /** Pairs of slot + 1 and hash. Replaced when it grows: read it again after an `add`. */
  places = new Int32Array(FIRST_PLACES * PLACE_INTS);
  /** Number of places - 1: a power of two less one. */
  mask = FIRST_PLACES - 1;
  private count = 0;

  /** @hotPath once per new row */
  add(hash: number, slot: number): void {
    // At most five of eight places are taken: runs stay short.
    if (++this.count * 8 > (this.mask + 1) * 5) this.grow();
    this.put(hash, slot);
  }

  /** Closes the gap by moving up what was displaced past it, so that no marks of removed rows are needed. */
  remove(hash: number, slot: number): void {
    const { places, mask } = this;
    let gap = hash & mask;
    while (places[gap * PLACE_INTS] !== slot + 1) gap = (gap + 1) & mask;
    for (let at = (gap + 1) & mask; places[at * PLACE_INTS] !== 0; at = (at + 1) & mask) {
      const home = (places[at * PLACE_INTS + 1] as number) & mask;
      // Stays when its home lies behind the gap, seen in a circle.
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      places[gap * PLACE_INTS] = places[at * PLACE_INTS] as number;
      places[gap * PLACE_INTS + 1] = places[at * PLACE_INTS + 1] as number;
      gap = at;
    }
    places[gap * PLACE_INTS] = 0;
    this.count--;
  }

  private put(hash: number, slot: number): void {
    const { places, mask } = this;
    let at = hash & mask;
    while (places[at * PLACE_INTS] !== 0) at = (at + 1) & mask;
    places[at * PLACE_INTS] = slot + 1;
    places[at * PLACE_INTS + 1] = hash;
  }

  private grow(): void {
    const former = this.places;
    this.places = new Int32Array(former.length * 2);
    this.mask = this.mask * 2 + 1;
    for (let at = 0; at < former.length; at += PLACE_INTS) {
      const taken = former[at] as number;
      if (taken !== 0) this.put(former[at + 1] as number, taken - 1);
    }
  }
}
