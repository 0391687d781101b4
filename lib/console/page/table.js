// @ts-check
import { byId, flash, make, setText, syncList } from "./dom.js";
import { count, price, windowSpan } from "./format.js";

/** @typedef {import("../state.ts").ConsoleState} State */
/** @typedef {import("../state.ts").ConsoleRow} Row */

/** The newest full window of every key, in the order of keys, so that rows stay where they are. @param {State} state @param {(key: string) => void} lookUp */
export function renderTable({ table, nowMs }, lookUp) {
  const rows = [...table.rows].sort((left, right) => (left.key < right.key ? -1 : 1));
  const top = Math.max(1, ...rows.map((row) => row.count));
  byId("table-empty").hidden = rows.length > 0;
  const note =
    table.streamTimeMs === null
      ? ""
      : ` · event time ${windowSpan(table.streamTimeMs, table.streamTimeMs, nowMs).split("–")[0]} UTC`;
  setText(byId("table-note"), `${table.store} · newest full window of ${count(rows.length)} keys${note}`);
  syncList(byId("table"), rows, {
    key: (row) => row.key,
    create: (row) => createRow(row, lookUp),
    update: (element, row) => updateRow(element, row, { top, nowMs }),
  });
  syncList(byId("look-up-keys"), rows, {
    key: (row) => row.key,
    create: (row) => make("option", { value: row.key }),
    update: () => undefined,
  });
}

/** @param {Row} row @param {(key: string) => void} lookUp */
function createRow(row, lookUp) {
  const button = make("button", { type: "button", class: "key-button", title: `Look up ${row.key}` }, row.key);
  button.addEventListener("click", () => lookUp(row.key));
  const bar = make("span", { class: "count-bar", "aria-hidden": "true" });
  return make(
    "tr",
    {},
    make("td", {}, button),
    make("td"),
    make("td", { class: "number" }, bar, make("span")),
    make("td", { class: "number" }, make("span")),
    make("td", { class: "number" }, make("span")),
  );
}

/** @param {HTMLElement} element @param {Row} row @param {{ top: number, nowMs: number }} view */
function updateRow(element, row, { top, nowMs }) {
  const bar = element.querySelector(".count-bar");
  const span = element.children[1];
  const numbers = /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("td.number > span:last-child"));
  if (!(bar instanceof HTMLElement) || !span) return;
  setText(span, windowSpan(row.windowStartMs, row.windowEndMs, nowMs));
  bar.style.setProperty("--share", `${((100 * row.count) / top).toFixed(0)}%`);
  // A row that is new is not a change.
  const known = element.dataset["drawn"] === "yes";
  element.dataset["drawn"] = "yes";
  const texts = [count(row.count), price(row.min), price(row.average)];
  for (const [index, number] of numbers.entries()) {
    if (setText(number, texts[index] ?? "") && known) flash(number);
  }
}

/** A small table of the windows of one key. @param {readonly Row[]} rows @param {number} nowMs */
export function windowTable(rows, nowMs) {
  const head = ["Window (UTC)", "Count", "Minimum", "Average"].map((title, index) =>
    make("th", { scope: "col", class: index === 0 ? "" : "number" }, title),
  );
  const body = [...rows]
    .reverse()
    .map((row) =>
      make(
        "tr",
        {},
        make("td", {}, windowSpan(row.windowStartMs, row.windowEndMs, nowMs)),
        ...[count(row.count), price(row.min), price(row.average)].map((text) => make("td", { class: "number" }, text)),
      ),
    );
  return make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...body));
}
