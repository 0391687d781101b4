// @ts-check
import { byId, flash, make, setText, syncList } from "./dom.js";
import { ago, bytes, clock, count, duration, plural, ranges } from "./format.js";

/** @typedef {import("../state.ts").ConsoleState} State */
/** @typedef {import("../state.ts").ConsolePin} Pin */

const STATUS = {
  asleep: "asleep",
  waiting: "waiting for a worker",
  restoring: "restoring",
  running: "",
};

/** Which worker holds which pin. @param {State} state */
export function renderPins({ pins, nowMs }) {
  syncList(byId("pins"), pins, {
    key: (pin) => String(pin.pin),
    create: createPin,
    update: (row, pin) => updatePin(row, pin, nowMs),
  });
}

/** @param {Pin} pin */
function createPin(pin) {
  /** @param {string} label @param {string} [kind] */
  const cell = (label, kind = "") => make("td", { "data-label": label, class: kind });
  return make(
    "tr",
    {},
    make("td", { "data-label": "Pin" }, String(pin.pin)),
    cell("Partitions"),
    cell("Held by", "wide owner"),
    cell("Epoch", "number"),
    cell("Lag", "number"),
    cell("Snapshot"),
    cell("Tail", "number"),
  );
}

/** @param {HTMLElement} row @param {Pin} pin @param {number} nowMs */
function updatePin(row, pin, nowMs) {
  const [, partitions, owner, epoch, lag, snapshot, tail] = /** @type {HTMLElement[]} */ ([...row.children]);
  if (!partitions || !owner || !epoch || !lag || !snapshot || !tail) return;
  setText(partitions, ranges(pin.partitions));
  const before = row.dataset["epoch"];
  showOwner(owner, pin);
  setText(epoch, count(pin.epoch));
  if (before !== undefined && before !== String(pin.epoch)) flash(row);
  row.dataset["epoch"] = String(pin.epoch);
  setText(lag, count(pin.lag));
  setText(
    snapshot,
    pin.snapshotVersion === null ? "none yet" : `v${pin.snapshotVersion}, ${ago(nowMs - (pin.snapshotAtMs ?? nowMs))}`,
  );
  setText(tail, count(pin.tailRecords));
}

/** @param {HTMLElement} cell @param {Pin} pin */
function showOwner(cell, pin) {
  const note = STATUS[pin.status];
  const text = pin.owner === null ? note : `${pin.owner}${note === "" ? "" : ` ${note}`}`;
  if (cell.textContent === text) return;
  const tone = pin.status === "asleep" ? "" : "warn";
  const badge = note === "" ? [] : [make("span", { class: "badge", "data-tone": tone }, note)];
  cell.replaceChildren(...(pin.owner === null ? [] : [`${pin.owner}${note === "" ? "" : " "}`]), ...badge);
}

/** Published snapshots. @param {State} state */
export function renderSnapshots({ snapshots, nowMs }) {
  setText(byId("snapshots-total"), count(snapshots.total));
  byId("snapshots-empty").hidden = snapshots.recent.length > 0;
  syncList(byId("snapshots"), snapshots.recent.slice(0, 7), {
    key: (snapshot) => `${snapshot.pin}/${snapshot.version}/${snapshot.epoch}`,
    create: (snapshot) =>
      make(
        "li",
        {},
        make("span", {}, `pin ${snapshot.pin} · v${snapshot.version} by ${snapshot.worker}`),
        make("time", { title: clock(snapshot.atMs) }),
        make(
          "span",
          { class: "quiet" },
          `${plural(snapshot.rows, "row")}, ${bytes(snapshot.sizeBytes)}, in ${duration(snapshot.tookMs)}`,
        ),
      ),
    update: (item, snapshot) => {
      const time = item.querySelector("time");
      if (time !== null) setText(time, ago(nowMs - snapshot.atMs));
    },
  });
}
