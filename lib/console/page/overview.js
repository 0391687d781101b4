// @ts-check
import { byId, make, setText, syncList } from "./dom.js";
import { age, count, short } from "./format.js";

/** @typedef {import("../state.ts").ConsoleState} State */

const STATUS = { starting: "Starting", running: "Running", draining: "Draining", stopped: "Stopped", failed: "Failed" };
const AUDIT = /** @type {const} */ ({
  waiting: { text: "waiting for the first commit", tone: "" },
  equal: { text: "✓ equal", tone: "good" },
  different: { text: "✕ different", tone: "bad" },
});

/** Header, banner and footer. @param {State} state */
export function renderOverview(state) {
  const { app, status, workers, processed, lagByPartition } = state;
  setText(byId("app-line"), `${app.id} · ${app.log}`);
  const badge = byId("status");
  badge.dataset["status"] = status;
  setText(badge, STATUS[status]);
  const living = workers.filter((worker) => worker.status !== "dead" && worker.status !== "stopped").length;
  setText(byId("fact-workers"), String(living));
  setText(byId("fact-rate"), count(processed.perSecond));
  const known = lagByPartition.filter((lag) => lag !== null);
  const lag = known.reduce((sum, value) => sum + value, 0);
  setText(
    byId("fact-lag"),
    known.length === 0 ? "–" : `${known.length < lagByPartition.length ? "≥ " : ""}${count(lag)}`,
  );
  const banner = byId("banner");
  banner.hidden = state.statusNote === undefined;
  banner.dataset["tone"] = status === "failed" ? "bad" : "warn";
  setText(banner, state.statusNote ?? "");
  const up = age(state.nowMs - app.startedAtMs);
  setText(
    byId("foot-line"),
    `Millrace ${app.version} · up ${up} · ${count(processed.total)} records processed · workers run ${app.workers}`,
  );
  setText(byId("foot-query"), `/api/tables/${state.table.store}?key=…`);
}

/** The table beside the independent computation. @param {State} state */
export function renderAudit({ audit }) {
  byId("audit").dataset["status"] = audit.status;
  const { text, tone } = AUDIT[audit.status];
  const badge = byId("audit-badge");
  badge.dataset["tone"] = tone;
  setText(badge, text);
  const waiting = audit.status === "waiting";
  setText(byId("audit-difference"), waiting ? "–" : count(audit.difference));
  setText(byId("audit-table"), waiting ? "–" : count(audit.tableCount));
  setText(byId("audit-expected"), waiting ? "–" : count(audit.expectedCount));
  const facts = waiting
    ? []
    : [
        ["records", `${count(audit.records)} trades on both sides`],
        ["rows", `${count(audit.rowsCompared)} rows compared, ${count(audit.rowsDiffering)} differ`],
        ...(audit.outputsExpected === 0
          ? []
          : [["outputs", `${count(audit.outputs)} of ${count(audit.outputsExpected)} updates out`]]),
        ["late", `${count(audit.lateWindows)} late windows left out on purpose`],
        ["times", `compared ${count(audit.comparisons)} times`],
      ];
  syncList(byId("audit-facts"), facts, {
    key: ([name]) => name ?? "",
    create: () => make("li"),
    update: (item, [, fact]) => void setText(item, fact ?? ""),
  });
  const examples = byId("audit-examples");
  examples.hidden = audit.examples.length === 0;
  syncList(examples, audit.examples, {
    key: (example) => example,
    create: (example) => make("li", {}, example),
    update: () => undefined,
  });
}

/** Load and input. @param {State} state @param {boolean} sliding whether the reader holds the slider */
export function renderLoad({ input }, sliding) {
  setText(byId("load-rate"), `${count(input.perSecond)} records/s in`);
  setText(byId("input-title"), input.title);
  setText(byId("input-total"), `${short(input.total)} so far`);
  setText(byId("input-real"), input.real);
  setText(byId("input-synthetic"), input.synthetic);
  if (sliding) return;
  /** @type {HTMLInputElement} */
  const slider = byId("load-slider");
  slider.max = String(input.loadFactorMax);
  slider.value = String(input.loadFactor);
  showFactor(input.loadFactor);
}

/** @param {number} factor */
export function showFactor(factor) {
  const text = factor === 0 ? "0 × (silent)" : `${factor.toFixed(1)} ×`;
  setText(byId("load-factor"), text);
  byId("load-slider").setAttribute("aria-valuetext", text);
}
