// @ts-check
import { get } from "./calls.js";
import { byId, make } from "./dom.js";
import { count, duration, plural } from "./format.js";
import { windowTable } from "./table.js";

/** @typedef {import("../state.ts").ConsoleState} State */
/** @typedef {import("../state.ts").LookUpAnswer} Answer */

/**
 * The look-up form.
 * @param {() => State | undefined} newest
 * @returns {{ lookUp: (key: string) => void }}
 */
export function startLookUp(newest) {
  /** @type {HTMLFormElement} */
  const form = byId("look-up");
  /** @type {HTMLInputElement} */
  const key = byId("look-up-key");
  const submit = async () => {
    const state = newest();
    if (state === undefined || key.value.trim() === "") return;
    const path = pathOf(state, key.value.trim());
    const button = form.querySelector("button");
    if (button !== null) button.disabled = true;
    try {
      show(answerView(/** @type {Answer} */ (await get(path)), state, path));
    } catch (error) {
      show([make("p", { class: "problem" }, error instanceof Error ? error.message : String(error))]);
    } finally {
      if (button !== null) button.disabled = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit();
  });
  return {
    lookUp: (wanted) => {
      key.value = wanted;
      void submit();
    },
  };
}

/** @param {State} state @param {string} key */
function pathOf(state, key) {
  const range = /** @type {HTMLSelectElement} */ (byId("look-up-range")).value;
  const freshness = /** @type {HTMLSelectElement} */ (byId("look-up-freshness")).value;
  const query = new URLSearchParams({ key, freshness });
  // The newest window starts up to a window's length before stream time.
  if (range !== "" && state.table.streamTimeMs !== null)
    query.set("from", String(Math.max(0, state.table.streamTimeMs - Number(range))));
  return `/api/tables/${encodeURIComponent(state.table.store)}?${query}`;
}

/** @param {Answer} answer @param {State} state @param {string} path */
function answerView(answer, state, path) {
  const head = make(
    "p",
    { class: "answer-head" },
    make("strong", {}, `${answer.key}: ${plural(answer.rows.length, "window")}`),
    make("span", { class: "quiet" }, `in ${duration(answer.tookMs)}`),
  );
  const rows =
    answer.rows.length === 0
      ? make("p", { class: "empty" }, "No window of this key is in the table.")
      : make(
          "div",
          { class: "scroll", tabindex: "0", role: "region", "aria-label": `Windows of ${answer.key}` },
          windowTable(answer.rows, state.nowMs),
        );
  const base = answer.snapshotVersion === null ? "no snapshot" : `snapshot v${answer.snapshotVersion}`;
  const fresh = answer.freshness === "snapshot" ? base : `${base} + ${plural(answer.tailRecords, "tail record")}`;
  const position = Object.entries(answer.position).map(([partition, offset]) => `${partition} below ${count(offset)}`);
  const reflects = make(
    "div",
    { class: "position" },
    make("div", {}, `Pin ${answer.pin}, ${answer.freshness}: ${fresh}.`),
    make("div", {}, `Reflects ${position.join(", ") || "nothing yet"}.`),
    make("code", {}, `GET ${path}`),
  );
  return [head, rows, reflects];
}

/** @param {readonly Node[]} nodes */
function show(nodes) {
  byId("look-up-answer").replaceChildren(...nodes);
}
