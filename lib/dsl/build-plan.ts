import { StreamError } from "../core/errors.ts";
import type { GraphNode } from "./graph-node.ts";

/** A node at its place in one build. */
export interface Place {
  readonly node: GraphNode;
  /** Smaller ones come first, as far as parents allow. */
  readonly order: number;
  parents: readonly Place[];
}

/** A node with the number that it was added with, for the last time. */
export interface AddedNode {
  readonly node: GraphNode;
  readonly order: number;
}

/** The graph of one build: optimizations move nodes in it, then it is written from the top. */
export class BuildPlan {
  /** In the order in which they were added. */
  places: readonly Place[];
  private readonly byName: ReadonlyMap<string, Place>;

  /** @throws {StreamError} `TOPOLOGY_INVALID` for a parent that is not there */
  constructor(added: readonly AddedNode[]) {
    const places = added.map(({ node, order }): Place => ({ node, order, parents: [] }));
    this.byName = new Map(places.toReversed().map((place) => [place.node.name, place]));
    for (const place of places) place.parents = place.node.parents.map((name) => this.parent(name, place.node));
    this.places = places;
  }

  private parent(name: string, below: GraphNode): Place {
    const place = this.byName.get(name);
    if (place !== undefined) return place;
    throw new StreamError("TOPOLOGY_INVALID", `${below.name} hangs below ${name}, which does not exist`, {
      details: { node: below.name },
    });
  }

  /** The node of a name, as it was added. */
  place(name: string): Place {
    return this.byName.get(name) as Place;
  }

  childrenOf(place: Place): readonly Place[] {
    return this.places.filter(({ parents }) => parents.includes(place));
  }

  /**
   * The nodes in the order in which they are written: always the first one, of those whose parents are there.
   *
   * @throws {StreamError} `TOPOLOGY_INVALID` for a node below itself
   * @source Kafka Streams `InternalStreamsBuilder.buildAndOptimizeTopology`
   */
  inOrder(): readonly Place[] {
    const open = new Set(this.places.toSorted((a, b) => a.order - b.order));
    const written: Place[] = [];
    const isReady = ({ node, parents }: Place): boolean =>
      !parents.some((parent) => open.has(parent)) && !node.after.some((name) => open.has(this.place(name)));
    while (open.size > 0) {
      const next = [...open].find(isReady);
      if (next === undefined) throw belowItself([...open][0] as Place);
      open.delete(next);
      written.push(next);
    }
    return written;
  }
}

function belowItself({ node: { name } }: Place): StreamError {
  return new StreamError("TOPOLOGY_INVALID", `${name} hangs below itself`, { details: { node: name } });
}
