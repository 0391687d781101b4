// @ts-check
import { post } from "./calls.js";
import { byId, make, setText, syncList } from "./dom.js";
import { age, ago, clock, count, duration, plural, short } from "./format.js";

/** @typedef {import("../state.ts").ConsoleState} State */
/** @typedef {import("../state.ts").ConsoleWorker} Worker */
/** @typedef {import("../state.ts").ConsoleTakeover} Takeover */

const STATUS = /** @type {const} */ ({
  starting: { text: "starting", tone: "" },
  ready: { text: "ready", tone: "good" },
  draining: { text: "draining", tone: "warn" },
  stopped: { text: "stopped", tone: "" },
  dead: { text: "dead", tone: "bad" },
});

/** Workers that were asked to die and whose end has not been seen yet. @type {Set<string>} */
const dying = new Set();

/** Workers, plan and takeovers. @param {State} state @param {(text: string) => void} problem */
export function renderWorkers(state, problem) {
  const { workers, plan, takeovers, nowMs } = state;
  for (const id of dying) {
    const worker = workers.find((each) => each.id === id);
    if (worker === undefined || worker.status === "dead" || worker.status === "stopped") dying.delete(id);
  }
  setText(byId("plan"), `wanted: ${plan.workers} · ${plan.reason}`);
  const empty = byId("workers-empty");
  empty.hidden = workers.length > 0;
  setText(
    empty,
    plan.workers === 0
      ? "No workers: there is nothing to do, so nothing runs."
      : `Starting ${plural(plan.workers, "worker")}…`,
  );
  syncList(byId("workers"), workers, {
    key: (worker) => worker.id,
    create: (worker) => createWorker(worker, problem),
    update: (card, worker) => updateWorker(card, worker, nowMs),
  });
  byId("takeovers-empty").hidden = takeovers.length > 0;
  syncList(byId("takeovers"), takeovers, {
    key: (takeover) => `${takeover.worker}@${takeover.killedAtMs}`,
    create: () => make("li", { class: "takeover" }),
    update: (row, takeover) => updateTakeover(row, takeover, nowMs),
  });
}

/** @param {Worker} worker @param {(text: string) => void} problem */
function createWorker(worker, problem) {
  const kill = make("button", { type: "button", class: "kill" }, "Kill");
  kill.addEventListener("click", () => {
    dying.add(worker.id);
    showKill(kill, worker);
    post("/api/kill", { worker: worker.id }).catch((error) => {
      dying.delete(worker.id);
      problem(`${worker.id} was not killed: ${error.message}`);
    });
  });
  return make(
    "li",
    { class: "worker" },
    make("span", { class: "worker-name", title: worker.id }, worker.id),
    make("span", { class: "badge" }),
    make("div", { class: "worker-pins" }),
    make("span", { class: "worker-rate" }, make("span"), " ", make("small", {}, "/s")),
    kill,
    make("span", { class: "worker-life" }),
  );
}

/** @param {HTMLElement} card @param {Worker} worker @param {number} nowMs */
function updateWorker(card, worker, nowMs) {
  card.dataset["status"] = worker.status;
  const [, badge, pins, rate, kill, life] = /** @type {HTMLElement[]} */ ([...card.children]);
  if (!badge || !pins || !rate || !kill || !life) return;
  badge.dataset["tone"] = STATUS[worker.status].tone;
  setText(badge, STATUS[worker.status].text);
  syncList(
    pins,
    [...worker.pins].sort((left, right) => left - right),
    {
      key: String,
      create: (pin) => make("span", { class: "pin-chip" }, `pin ${pin}`),
      update: () => undefined,
    },
  );
  const [speed] = rate.children;
  if (speed) setText(speed, worker.perSecond < 100_000 ? count(worker.perSecond) : short(worker.perSecond));
  setText(life, lifeOf(worker, nowMs));
  showKill(/** @type {HTMLButtonElement} */ (kill), worker);
}

/** @param {Worker} worker @param {number} nowMs */
function lifeOf(worker, nowMs) {
  if (worker.endedAtMs !== null) return `ended ${ago(nowMs - worker.endedAtMs)}`;
  const left = worker.remainingMs === null ? "" : `, ${age(worker.remainingMs)} left`;
  return `${short(worker.total)} records, up ${age(nowMs - worker.startedAtMs)}${left}`;
}

/** @param {HTMLButtonElement} kill @param {Worker} worker */
function showKill(kill, worker) {
  const ended = worker.status === "dead" || worker.status === "stopped";
  kill.hidden = ended;
  kill.disabled = dying.has(worker.id);
  setText(kill, dying.has(worker.id) ? "Killing…" : "Kill");
  kill.setAttribute("aria-label", `Kill worker ${worker.id}`);
}

/** @param {HTMLElement} row @param {Takeover} takeover @param {number} nowMs */
function updateTakeover(row, takeover, nowMs) {
  const elapsedMs = nowMs - takeover.killedAtMs;
  /** @type {{ text: string, tone: string }[]} */
  const steps = [{ text: `✕ ${takeover.worker} killed`, tone: "bad" }];
  const limit = duration(takeover.deadAfterMs);
  if (takeover.noticedAfterMs === null)
    steps.push({ text: `silent for ${duration(elapsedMs)} of ${limit}`, tone: "warn" });
  else steps.push({ text: `noticed after ${duration(takeover.noticedAfterMs)}`, tone: "" });
  for (const { pin, worker, afterMs } of takeover.pins) {
    if (afterMs !== null)
      steps.push({ text: `pin ${pin} → ${worker ?? "?"} after ${duration(afterMs)}`, tone: "good" });
    else if (takeover.noticedAfterMs !== null)
      steps.push({ text: `pin ${pin} waiting, ${duration(elapsedMs)}`, tone: "warn" });
  }
  if (takeover.pins.length === 0) steps.push({ text: "held no pins", tone: "" });
  syncList(row, [{ text: clock(takeover.killedAtMs), tone: "time" }, ...steps], {
    key: ({ text, tone }) => (tone === "time" ? "time" : text.replace(/[\d.]+ (ms|s|min).*/, "")),
    create: ({ tone }) => (tone === "time" ? make("time") : make("span", { class: "step" })),
    update: (step, { text, tone }) => {
      step.dataset["tone"] = tone;
      setText(step, text);
    },
  });
}
