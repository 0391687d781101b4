/** Makes a failing composition smaller while it still fails: fewer nodes, then fewer steps. */
import type { Composition, CompositionNode } from "./language.ts";

/** Tries at most: each runs both sides. */
const TRIES = 300;

/** @param fails Whether a smaller one still differs. */
export async function shrink(
  composition: Composition,
  fails: (smaller: Composition) => Promise<boolean>,
): Promise<Composition> {
  let best = composition;
  let tries = 0;
  for (let smaller = true; smaller && tries < TRIES; ) {
    smaller = false;
    for (const candidate of smallerOnes(best)) {
      if (tries++ >= TRIES) break;
      if (!(await fails(candidate))) continue;
      best = candidate;
      smaller = true;
      break;
    }
  }
  return best;
}

function* smallerOnes(composition: Composition): Generator<Composition> {
  const { nodes, steps } = composition;
  for (let place = nodes.length - 1; place >= 0; place--) {
    const without = removed(nodes, place);
    if (without !== undefined) yield declared({ ...composition, nodes: without });
  }
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < steps.length; from += size) {
      yield { ...composition, steps: [...steps.slice(0, from), ...steps.slice(from + size)] };
    }
  }
}

/** Without a node: those below read from what it read, if that is the same kind of thing; or without those below too. */
function removed(nodes: readonly CompositionNode[], place: number): readonly CompositionNode[] | undefined {
  const node = nodes[place] as CompositionNode;
  const isRead = nodes.some(
    (other) => ("of" in other && other.of === place) || ("with" in other && other.with === place),
  );
  if (!isRead) return renumbered(nodes, new Set([place]));
  const above = "of" in node ? nodes[node.of] : undefined;
  const replaceable = above !== undefined && kindOf(above) === kindOf(node) && above.value === node.value;
  if (replaceable && above.windowed === node.windowed)
    return renumbered(nodes, new Set([place]), { [place]: (node as { of: number }).of });
  return undefined;
}

function kindOf({ op }: CompositionNode): "stream" | "table" | "other" {
  if (op === "globalTable" || op === "to") return "other";
  return /able|fold|cogroup|joinForeign|suppress/.test(op) && op !== "joinTable" ? "table" : "stream";
}

function renumbered(
  nodes: readonly CompositionNode[],
  gone: ReadonlySet<number>,
  instead: Readonly<Record<number, number>> = {},
): readonly CompositionNode[] {
  const places = new Map([...nodes.keys()].filter((place) => !gone.has(place)).map((place, index) => [place, index]));
  const moved = (place: number): number => places.get(instead[place] ?? place) as number;
  return nodes
    .filter((_, place) => !gone.has(place))
    .map((node) => ({
      ...node,
      ...("of" in node && { of: moved(node.of) }),
      ...("with" in node && { with: moved(node.with) }),
    }));
}

/** Only topics and stores that the nodes still have. */
function declared(composition: Composition): Composition {
  const { nodes, inputs, outputTopics, stores, steps } = composition;
  const topics = new Set(nodes.flatMap((node) => ("topic" in node ? [node.topic] : [])));
  const names = new Set(nodes.flatMap((node) => ("store" in node ? [node.store] : "name" in node ? [node.name] : [])));
  const only = <T>(all: Readonly<Record<string, T>>, keep: ReadonlySet<string | null>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => keep.has(name)));
  return {
    ...composition,
    inputs: only(inputs, topics),
    outputTopics: only(outputTopics, topics),
    stores: only(stores, names),
    steps: steps.filter((step) => step.op !== "pipe" || topics.has(step.topic)),
  };
}
