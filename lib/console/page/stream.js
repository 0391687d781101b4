// @ts-check
/** @typedef {import("../state.ts").ConsoleState} State */
/** @typedef {import("../state.ts").ConsoleSample} Sample */

/** As many as the server keeps. */
const SAMPLES_MAX = 600;
/** Without a state for this long the link is called lost, also when the connection looks open. */
const SILENCE_MS = 4_000;

/**
 * Follows the server: one whole state per message, the past once at the beginning.
 *
 * @param {{ onState: (state: State, samples: readonly Sample[]) => void, onLink: (link: "connecting" | "live" | "lost") => void }} listener
 */
export function follow({ onState, onLink }) {
  /** @type {Sample[]} */
  let samples = [];
  let lastAt = 0;
  let link = "connecting";
  /** @param {"connecting" | "live" | "lost"} next */
  const setLink = (next) => {
    if (link === next) return;
    link = next;
    onLink(next);
  };
  const connect = () => {
    const source = new EventSource("/api/events");
    source.addEventListener("history", (event) => {
      samples = JSON.parse(event.data);
    });
    source.addEventListener("state", (event) => {
      /** @type {State} */
      const state = JSON.parse(event.data);
      lastAt = performance.now();
      setLink("live");
      samples.push(sampleOf(state));
      if (samples.length > SAMPLES_MAX) samples.splice(0, samples.length - SAMPLES_MAX);
      onState(state, samples);
    });
    source.addEventListener("error", () => {
      setLink("lost");
      // A refused stream (too many pages) is not tried again by the browser.
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3_000);
    });
  };
  connect();
  setInterval(() => {
    if (link === "live" && performance.now() - lastAt > SILENCE_MS) setLink("lost");
  }, 1_000);
}

/**
 * The same point that the server keeps for this state.
 * @param {State} state
 * @returns {Sample}
 */
function sampleOf(state) {
  /** @param {string} status */
  const count = (status) => state.workers.filter((worker) => worker.status === status).length;
  return {
    atMs: state.nowMs,
    inPerSecond: state.input.perSecond,
    processedPerSecond: state.processed.perSecond,
    lagByPartition: state.lagByPartition,
    ready: count("ready"),
    starting: count("starting"),
    draining: count("draining"),
  };
}
