import { defaultText, describeSettings, type SettingDescription } from "../config/describe.ts";
import { command } from "./command.ts";
import { exitCodes } from "./failure.ts";
import { tableLines, wrapped } from "./terminal.ts";

const spec = {
  call: "millrace settings",
  summary: "Lists every setting and connection: what it does, what is allowed, what it is by default and why.",
  options: {
    json: { kind: "flag", summary: "JSON." },
    markdown: { kind: "flag", summary: "The page docs/settings.md." },
  },
  examples: [
    { line: "millrace settings", what: "Everything; a setting commit.intervalMs is MILLRACE_COMMIT_INTERVAL_MS." },
    { line: "millrace settings --json", what: "The same for programs." },
  ],
} as const;

/** `millrace settings`. */
export const settingsCommand = command(spec, async ({ json, markdown }, { terminal, columns }) => {
  const settings = describeSettings();
  if (json) terminal.write(`${JSON.stringify(settings, null, 2)}\n`);
  else if (markdown) terminal.write(settingsPage(settings));
  else for (const line of settingLines(settings, columns)) terminal.line(line);
  return exitCodes.done;
});

/** A table; on a terminal the reasons are wrapped under each other. */
function settingLines(settings: readonly SettingDescription[], columns: number | undefined): readonly string[] {
  const head = ["setting", "unit", "default", "allowed", "what it does and why it is so"];
  const rows = settings.map((setting) => [
    setting.name,
    setting.unit,
    defaultText(setting),
    setting.allowed,
    setting.about,
  ]);
  if (columns === undefined) return tableLines([head, ...rows]);
  const short = tableLines([head, ...rows].map((row) => row.slice(0, 4)));
  return short.flatMap((line, row) =>
    row === 0 ? [line] : [line, ...wrapped(rows[row - 1]?.[4] ?? "", columns - 4).map((part) => `    ${part}`), ""],
  );
}

/** The page `docs/settings.md`: a test keeps the file equal to it. */
function settingsPage(settings: readonly SettingDescription[]): string {
  const lines = [
    "# Settings",
    "",
    "Made by `npm run millrace -- settings --markdown`; `npm test` fails when it is not what the code says.",
    "",
    "In code a setting is `parseSettings({ commit: { intervalMs: 50 } })`, for deployed functions the variable",
    "`MILLRACE_COMMIT_INTERVAL_MS`. Durations are milliseconds or text with a unit (`500ms`, `5s`, `1m`, `2h`, `7d`), bytes a",
    "number or text (`64KiB`, `8MiB`). Unknown names, values out of range and values that do not fit together are refused",
    "before anything runs, each with the nearest name or with what is allowed.",
  ];
  let group = "";
  for (const setting of settings) {
    const [own = "", name = ""] = setting.name.split(".");
    if (own !== group) {
      group = own;
      lines.push("", `## ${group}`, "", "| setting | variable | default | allowed | what it does, and why |");
      lines.push("|---|---|---|---|---|");
    }
    const cells = [`\`${name}\``, `\`${setting.variable}\``, defaultText(setting), setting.allowed, setting.about];
    lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}
