import { StreamError } from "../core/errors.ts";
import { answerJson } from "../query/answer-json.ts";
import { type LookUpAnswer, lookUp } from "../query/look-up.ts";
import { openTables, type Tables } from "../query/tables.ts";
import { windowTypes } from "../state/store.ts";
import { answerLines } from "./answer-lines.ts";
import { type CommandContext, command } from "./command.ts";
import { exitCodes } from "./failure.ts";
import { loadApp } from "./load-app.ts";
import { onPorts } from "./on-ports.ts";

const spec = {
  call: "millrace query",
  summary: "Asks a table, from snapshots and the log: no worker is needed. Says which input the answer reflects.",
  words: {
    store: { placeholder: "STORE", summary: "Name of the store." },
    key: { placeholder: "KEY", summary: "One key (JSON unless keys are text); all keys without it.", optional: true },
  },
  options: {
    app: { kind: "text", placeholder: "APP.ts", summary: "File that exports the application. Needed." },
    from: {
      kind: "text",
      placeholder: "FROM",
      summary: "First key, or first window start (milliseconds or ISO time).",
    },
    to: { kind: "text", placeholder: "TO", summary: "Last key, or last window start; inclusive." },
    limit: {
      kind: "number",
      placeholder: "N",
      min: 1,
      max: 1_000,
      whole: true,
      summary: "Rows at most; of windows the newest.",
      byDefault: 100,
    },
    freshness: {
      kind: "choice",
      choices: ["committed", "snapshot"],
      summary: "Everything that is committed, or the newest snapshot only.",
      byDefault: "committed",
    },
    data: { kind: "text", placeholder: "DIR", summary: "Folder of an embedded run that has stopped, as of npm start." },
    json: { kind: "flag", summary: "JSON." },
  },
  examples: [
    { line: "millrace query trade-stats AAPL --app src/app.ts", what: "The newest windows of one key." },
    { line: "millrace query trade-stats --app src/app.ts --from 2026-01-31T09:30Z", what: "All keys from a time on." },
    { line: "millrace query users --from a --to b --freshness snapshot --app src/app.ts", what: "A range of keys." },
    { line: "millrace query trade-stats AAPL --app src/app.ts --data .millrace", what: "What npm start left behind." },
  ],
  notes: [
    "Where Kafka, the lease table and the bucket are, say the variables MILLRACE_KAFKA_BROKERS, MILLRACE_TABLE_NAME,",
    "MILLRACE_BUCKET_NAME and their like (millrace settings lists them), and AWS credentials as for the AWS CLI.",
    "A key without a row ends with exit code 3.",
  ],
} as const;

/** `millrace query`. */
export const queryCommand = command(spec, async ({ app: path, data, json, ...query }, context) => {
  if (path === undefined) throw new StreamError("CONFIG_INVALID", "--app is missing: which application is asked?");
  const app = await loadApp(path);
  const times = { from: millisecondsOf(query.from), to: millisecondsOf(query.to) };
  const ask = async (tables: Tables) =>
    lookUp(tables, { ...query, ...(windowTypes.includes(tables.get(query.store).spec.type) ? times : {}) });
  const { environment } = context;
  const answer = await onPorts(app, { data, environment }, async (ports) => ask(await openTables(app, ports)));
  write({ answer, store: query.store, json }, context);
  return answer.kind === "row" && answer.row === undefined ? exitCodes.nothingFound : exitCodes.done;
});

/** Times may be written for people. */
function millisecondsOf(text: string | undefined): string | undefined {
  const time = text === undefined || /^\d+$/.test(text) ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? text : String(time);
}

function write(
  { answer, store, json }: { answer: LookUpAnswer; store: string; json: boolean },
  { terminal }: CommandContext,
): void {
  const { kind, ...facts } = answer;
  if (json)
    terminal.write(`${answerJson({ store, ...facts, ...(kind === "row" ? { row: answer.row ?? null } : {}) }, 2)}\n`);
  else for (const line of answerLines(terminal, answer)) terminal.line(line);
}
