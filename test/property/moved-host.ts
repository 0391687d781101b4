import type { TaskStore } from "../../lib/state/store.ts";
import { TopologyHost } from "../support/task-host.ts";

/** The same task elsewhere: its stores are replayed, its clocks are those of the position. */
export function movedFrom(host: TopologyHost): TopologyHost {
  const moved = new TopologyHost(host.topology);
  for (const name of host.topology.stores.keys()) {
    const from = host.store<TaskStore>(name);
    const to = moved.store<TaskStore>(name);
    to.storeTimeMs = from.storeTimeMs;
    from.freeze("all").writeTo(to.snapshotRows ?? to);
  }
  for (const [id, { value }] of host.clocks) {
    const clock = moved.clocks.get(id);
    if (clock !== undefined) clock.value = value;
  }
  moved.restart();
  return moved;
}

/** Commits every store; nobody reads the changelogs. */
export function commit(host: TopologyHost): void {
  for (const name of host.topology.stores.keys()) {
    const store = host.store<TaskStore>(name);
    store.seal({ row: () => {} });
    store.acknowledge();
  }
}
