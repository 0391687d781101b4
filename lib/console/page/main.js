// @ts-check
import { post } from "./calls.js";
import { Charts } from "./charts.js";
import { byId, setText } from "./dom.js";
import { renderEvents } from "./events.js";
import { startLookUp } from "./look-up.js";
import { renderAudit, renderLoad, renderOverview, showFactor } from "./overview.js";
import { renderPins, renderSnapshots } from "./pins.js";
import { follow } from "./stream.js";
import { renderTable } from "./table.js";
import { startTheme } from "./theme.js";
import { renderWorkers } from "./workers.js";

/** @typedef {import("../state.ts").ConsoleState} State */

const HOUR_MS = 3_600_000;
const LINKS = { connecting: "connecting", live: "live", lost: "no connection" };

/** @type {State | undefined} */
let newest;
let sliding = false;
let problemTimer = 0;

/**
 * Shows why something that the reader asked for did not happen.
 * @param {string} text
 * @param {number} [forMs] undefined: until `settle`
 */
function problem(text, forMs = 6_000) {
  const line = byId("problem");
  line.hidden = false;
  setText(line, text);
  clearTimeout(problemTimer);
  problemTimer = setTimeout(settle, forMs);
}

function settle() {
  clearTimeout(problemTimer);
  byId("problem").hidden = true;
}

function startSlider() {
  /** @type {HTMLInputElement} */
  const slider = byId("load-slider");
  let settleTimer = 0;
  slider.addEventListener("input", () => {
    sliding = true;
    showFactor(Number(slider.value));
    clearTimeout(settleTimer);
    settleTimer = setTimeout(async () => {
      await post("/api/load", { factor: Number(slider.value) }).catch((error) =>
        problem(`The load was not set: ${error.message}`),
      );
      sliding = false;
    }, 150);
  });
}

startTheme();
startSlider();
const charts = new Charts();
const { lookUp } = startLookUp(() => newest);
follow({
  onState: (state, samples) => {
    newest = state;
    renderOverview(state);
    renderAudit(state);
    renderLoad(state, sliding);
    charts.update(state, samples);
    renderWorkers(state, problem);
    renderPins(state);
    renderSnapshots(state);
    renderTable(state, lookUp);
    renderEvents(state);
  },
  onLink: (link) => {
    const element = byId("link");
    element.dataset["link"] = link;
    setText(element, LINKS[link]);
    if (link === "live") settle();
    if (link !== "lost") return;
    const ended = newest?.status === "stopped" || newest?.status === "draining";
    byId("status").dataset["status"] = "stopped";
    setText(byId("status"), ended ? "Stopped" : "No answer");
    const text = ended
      ? "The runtime has stopped. Start it again and this page goes on."
      : "The runtime does not answer. Trying again…";
    problem(text, HOUR_MS);
  },
});
