import type { ConsoleEvent, ConsoleState } from "../console/state.ts";
import { type Terminal, tableLines } from "./terminal.ts";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** What a person sees first: where the page is, what runs, how to stop. */
export function startUpLines(terminal: Terminal, state: ConsoleState, url: string): readonly string[] {
  const { app, input } = state;
  const facts = tableLines([
    ["  page", terminal.paint("accent", url)],
    ["  log", app.log],
    ["  workers", `run ${app.workers}`],
    ["  input", `${input.title}, load factor ${input.loadFactor}`],
  ]);
  return [
    `${terminal.paint("bold", "Millrace")} ${app.version}  ${app.id}`,
    ...facts,
    terminal.paint("quiet", "  Ctrl-C drains and stops; the same command continues."),
    "",
  ];
}

/** One line with what changes all the time. */
export function statusLine(terminal: Terminal, state: ConsoleState): string {
  const living = state.workers.filter(({ status }) => status !== "dead" && status !== "stopped").length;
  const known = state.lagByPartition.filter((lag) => lag !== null);
  const lag = known.reduce((sum, value) => sum + value, 0);
  return [
    terminal.paint(state.status === "failed" ? "bad" : state.status === "running" ? "good" : "warn", state.status),
    `${living} ${living === 1 ? "worker" : "workers"}`,
    `${whole.format(state.input.perSecond)}/s in`,
    `${whole.format(state.processed.perSecond)}/s processed`,
    `lag ${known.length === 0 ? "unknown" : `${known.length < state.lagByPartition.length ? "≥ " : ""}${whole.format(lag)}`}`,
    difference(terminal, state),
    `${whole.format(state.snapshots.total)} snapshots`,
  ].join("  ");
}

function difference(terminal: Terminal, { audit }: ConsoleState): string {
  if (audit.status === "waiting") return "difference –";
  return terminal.paint(audit.status === "equal" ? "good" : "bad", `difference ${whole.format(audit.difference)}`);
}

/** An event as a lasting line; undefined for those that would only make noise there. */
export function eventLine(terminal: Terminal, event: ConsoleEvent): string | undefined {
  const tone = TONES[event.kind];
  if (tone === undefined) return undefined;
  const time = terminal.paint("quiet", new Date(event.atMs).toTimeString().slice(0, 8));
  return `${time}  ${tone === "plain" ? event.text : terminal.paint(tone, event.text)}`;
}

const TONES: Readonly<Record<ConsoleEvent["kind"], "plain" | "good" | "warn" | "bad" | undefined>> = {
  start: "plain",
  stop: "plain",
  kill: "bad",
  dead: "bad",
  takeover: "good",
  plan: "plain",
  snapshot: undefined,
  load: "plain",
  warning: "warn",
  error: "bad",
};
