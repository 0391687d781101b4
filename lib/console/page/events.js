// @ts-check
import { byId, make, syncList } from "./dom.js";
import { clock } from "./format.js";

/** @typedef {import("../state.ts").ConsoleState} State */

/** What is read out to those who do not see the page. */
const SPOKEN = ["kill", "takeover", "error"];

/** Number of the newest event that was drawn. */
let seen = 0;

/** What happened, newest first. @param {State} state */
export function renderEvents({ events }) {
  syncList(byId("events"), events, {
    key: (event) => String(event.number),
    create: (event) =>
      make(
        "li",
        { class: "event", "data-kind": event.kind },
        make("time", {}, clock(event.atMs)),
        make("span", {}, event.text),
      ),
    update: () => undefined,
  });
  const spoken = events.filter((event) => event.number > seen && SPOKEN.includes(event.kind));
  if (seen > 0 && spoken.length > 0) byId("announce").textContent = spoken.map((event) => event.text).join(". ");
  seen = Math.max(seen, ...events.map((event) => event.number));
}
