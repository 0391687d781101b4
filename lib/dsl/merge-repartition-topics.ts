import type { BuildPlan, Place } from "./build-plan.ts";
import type { RepartitionTopic } from "./graph-node.ts";
import { graphNode } from "./graph-node.ts";
import { namesAround } from "./repartition.ts";
import { repartitionNode } from "./repartition-node.ts";

/**
 * Sends what has one new key through one topic: directly below the node that changed the key, or below the merge where several
 * such streams come together. It has the name of the first topic that it stands for. Nodes that change neither key nor value
 * move below it.
 *
 * Topics stay where Kafka Streams would lose the order of keys: where records come that do not pass the new topic. So do those
 * with other serdes than the first.
 *
 * @returns by the name of a source that is gone, which one is there instead
 * @source Kafka Streams `InternalStreamsBuilder.mergeRepartitionTopics`
 */
export function mergeRepartitionTopics(plan: BuildPlan): ReadonlyMap<string, string> {
  const instead = new Map<string, string>();
  for (const [above, places] of placesToMerge(plan)) {
    const merged = mergeBelow(plan, above, places);
    for (const { node } of places) instead.set(node.name, merged.node.name);
  }
  return instead;
}

/** By the node below which there will be one topic, the places of those that it stands for. */
function placesToMerge(plan: BuildPlan): ReadonlyMap<Place, readonly Place[]> {
  const groups = new Map<Place, Place[]>();
  for (const [changer, places] of placesByKeyChanger(plan)) {
    const above = mergeAbove(plan, places) ?? changer;
    const group = groups.get(above) ?? [];
    const [first = places[0] as Place] = group;
    group.push(...places.filter((place) => comesOnlyFrom(place, above) && sameSerdes(first, place)));
    if (group.length > 0) groups.set(above, group);
  }
  return groups;
}

function placesByKeyChanger(plan: BuildPlan): ReadonlyMap<Place, readonly Place[]> {
  const found = new Map<Place, Place[]>();
  for (const place of plan.places) {
    const changer = place.node.mergeable === undefined ? undefined : lastChange(place);
    if (changer?.node.effect === "key") found.set(changer, [...(found.get(changer) ?? []), place]);
  }
  return found;
}

/** The node above that changed key or value last, on the first way up that has one. */
function lastChange(place: Place): Place | undefined {
  for (const parent of place.parents) {
    const { effect } = parent.node;
    if (effect === "key" || effect === "value") return parent;
    const found = effect === "none" ? lastChange(parent) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The last merge of streams that all places are below. */
function mergeAbove(plan: BuildPlan, places: readonly Place[]): Place | undefined {
  const ways = places.map((place) => waysUp(place).passed);
  return plan.places.findLast((place) => place.node.merges && ways.every((passed) => passed.has(place)));
}

function comesOnlyFrom(place: Place, above: Place): boolean {
  return [...waysUp(place, above).ends].every((end) => end === above);
}

/** The place and the nodes above it that change nothing, up to those that do, or to a given one: the ends. */
function waysUp(place: Place, top?: Place): { readonly passed: ReadonlySet<Place>; readonly ends: ReadonlySet<Place> } {
  const passed = new Set([place]);
  const ends = new Set<Place>();
  for (const each of passed) {
    for (const parent of each.parents) {
      if (parent !== top && parent.node.effect === "none") passed.add(parent);
      else ends.add(parent);
    }
  }
  return { passed, ends };
}

function sameSerdes(a: Place, b: Place): boolean {
  const [one, other] = [topicOf(a), topicOf(b)];
  return one.keySerde.id === other.keySerde.id && one.valueSerde.id === other.valueSerde.id;
}

function topicOf({ node }: Place): RepartitionTopic {
  return node.mergeable as RepartitionTopic;
}

function mergeBelow(plan: BuildPlan, above: Place, places: readonly Place[]): Place {
  const first = topicOf(places[0] as Place);
  const node = repartitionNode({ ...first, ...namesAround(first.topic.name) });
  const merged: Place = { node: graphNode({ ...node, parents: [] }), order: above.order, parents: [above] };
  const moved = new Set(places.flatMap((place) => [...waysUp(place, above).passed]));
  for (const place of moved) place.parents = place.parents.map((parent) => (parent === above ? merged : parent));
  for (const place of plan.places) {
    const kept = place.parents.flatMap((parent) => (places.includes(parent) ? parent.parents : [parent]));
    place.parents = [...new Set(kept)];
  }
  plan.places = [...plan.places.filter((place) => !places.includes(place)), merged];
  return merged;
}
