import { StreamError } from "../core/errors.ts";
import { type RedriveOptions, type RedriveReport, redrive } from "../worker/redrive.ts";
import { command } from "./command.ts";
import { exitCodes } from "./failure.ts";
import { loadApp } from "./load-app.ts";
import { onPorts } from "./on-ports.ts";

const spec = {
  call: "millrace redrive",
  summary:
    "Brings dead letters back to the partitions they came from, each once and in order. Workers may run meanwhile.",
  words: { topic: { placeholder: "TOPIC", summary: "The topic of dead letters." } },
  options: {
    app: { kind: "text", placeholder: "APP.ts", summary: "File that exports the application. Needed." },
    limit: {
      kind: "number",
      placeholder: "N",
      min: 1,
      max: 1_000_000_000,
      whole: true,
      summary: "Records at most; without it all that are there now.",
    },
    "dry-run": { kind: "flag", summary: "Count only." },
    data: { kind: "text", placeholder: "DIR", summary: "Folder of an embedded run that has stopped, as of npm start." },
    json: { kind: "flag", summary: "JSON." },
  },
  examples: [
    { line: "millrace redrive orders-dead --app src/app.ts --dry-run", what: "How many would go back, and where to." },
    {
      line: "millrace redrive orders-dead --app src/app.ts --limit 1",
      what: "One, to see whether the mended code takes it.",
    },
  ],
  notes: [
    "The variables that say where Kafka is are those of a worker (millrace settings lists them). How far the topic was read is",
    "an offset of the group APP-redrive, committed with the records: called again after a failure, it goes on where it was.",
    "A record goes back whole: nodes that had taken it before see it again.",
  ],
} as const;

/** `millrace redrive`. */
export const redriveCommand = command(spec, async (values, { environment, terminal }) => {
  const { app: path, data, json, topic, limit, "dry-run": dryRun } = values;
  if (path === undefined) throw new StreamError("CONFIG_INVALID", "--app is missing: whose dead letters are they?");
  const app = await loadApp(path);
  const options = { topic, limit, dryRun };
  const report = await onPorts(app, { data, environment }, ({ log }) => redrive(app, log, options));
  if (json) terminal.write(`${JSON.stringify({ topic, dryRun, ...report }, null, 2)}\n`);
  else for (const line of reportLines(report, options)) terminal.line(line);
  return exitCodes.done;
});

function reportLines({ redriven, foreign }: RedriveReport, { topic, dryRun }: RedriveOptions): readonly string[] {
  const verb = dryRun === true ? "would go back" : "went back";
  const lines = Object.entries(redriven).map(([to, count]) => `${count} of ${topic} ${verb} to ${to}`);
  if (lines.length === 0) lines.push(`nothing of ${topic} ${verb}`);
  return foreign === 0 ? lines : [...lines, `${foreign} passed over: not records of this application`];
}
