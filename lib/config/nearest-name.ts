/**
 * The known name that someone most likely meant, or undefined when none is close.
 *
 * Close is at most a third of the letters changed, swapped, added or left out; case and separators do not count.
 *
 * @example
 * nearestName("intervallMs", ["intervalMs", "maxBytes"]); // "intervalMs"
 */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  const target = plain(written);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(target, plain(name));
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  if (best === undefined) return undefined;
  return best.distance <= Math.max(target.length, plain(best.name).length) / 3 ? best.name : undefined;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[._-]/g, "");
}

/** Edits between two words, where two letters swapped are one edit (optimal string alignment), one row at a time. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, (before[j - 2] as number) + 1);
      next.push(edits);
    }
    before = row;
    row = next;
  }
  return row[b.length] as number;
}
