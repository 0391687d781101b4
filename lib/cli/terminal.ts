/** Where the terminal writes: `process.stdout` fits. */
export interface TerminalOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What a terminal needs. */
export interface TerminalOptions {
  readonly output: TerminalOutput;
  /** For `NO_COLOR`, `TERM` and `CI`; `process.env` fits. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For the pace of status lines where there is no live one. */
  readonly monotonicMs: () => number;
}

/** How text can look. Without colours every tone leaves the text as it is, so tones never carry the meaning alone. */
export type Tone = "bold" | "quiet" | "good" | "warn" | "bad" | "accent";

/** How often a status is written where there is no live line. */
const PLAIN_STATUS_EVERY_MS = 10_000;

const ESCAPE = String.fromCharCode(27);
const CLEAR_LINE = `\r${ESCAPE}[2K`;
const SGR = new RegExp(`${ESCAPE}\\[[0-9;]*m`, "g");
const CODES: Readonly<Record<Tone, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  quiet: [2, 22],
  good: [32, 39],
  warn: [33, 39],
  bad: [31, 39],
  accent: [36, 39],
};

/**
 * Lines for a person. On a terminal the status is one live line at the bottom; elsewhere (a file, CI) it is a plain line
 * every ten seconds. Colours are used on a terminal only, and never when `NO_COLOR` is set.
 *
 * @source https://no-color.org
 * @example
 * let written = "";
 * const terminal = new Terminal({ output: { write: (text) => (written += text) }, environment: {}, monotonicMs: () => 0 });
 * terminal.line(terminal.paint("good", "ready"));
 * written; // "ready\n"
 */
export class Terminal {
  /** Whether there is a live status line. */
  readonly live: boolean;
  /** Whether colours are used. */
  readonly colours: boolean;
  private readonly output: TerminalOutput;
  private readonly monotonicMs: () => number;
  private shown = "";
  private plainAtMs = Number.NEGATIVE_INFINITY;

  constructor({ output, environment, monotonicMs }: TerminalOptions) {
    const terminal = output.isTTY === true && environment["TERM"] !== "dumb";
    this.live = terminal && !environment["CI"];
    this.colours = terminal && !environment["NO_COLOR"];
    this.output = output;
    this.monotonicMs = monotonicMs;
  }

  /** Gives text a tone, where there are colours. */
  paint(tone: Tone, text: string): string {
    const [on, off] = CODES[tone];
    return this.colours ? `${ESCAPE}[${on}m${text}${ESCAPE}[${off}m` : text;
  }

  /** Writes one lasting line, above the status. */
  line(text = ""): void {
    this.write(`${text}\n`);
  }

  /** Writes text that has its line ends. */
  write(text: string): void {
    if (this.shown === "") this.output.write(text);
    else this.output.write(`${CLEAR_LINE}${text}${this.shown}`);
  }

  /** Shows the newest status. */
  status(text: string): void {
    if (this.live) {
      // One column stays free: a full line would wrap, and then clearing one line leaves the other.
      const fitted = fitTo(text, (this.output.columns ?? 80) - 1);
      if (fitted === this.shown) return;
      this.shown = fitted;
      this.output.write(`${CLEAR_LINE}${fitted}`);
      return;
    }
    const nowMs = this.monotonicMs();
    if (nowMs - this.plainAtMs < PLAIN_STATUS_EVERY_MS) return;
    this.plainAtMs = nowMs;
    this.output.write(`${text}\n`);
  }

  /** Takes the live status away. */
  clearStatus(): void {
    if (this.shown !== "") this.output.write(CLEAR_LINE);
    this.shown = "";
  }
}

/** How many columns text takes, without its colours. Counts code points: enough for what we print. */
export function widthOf(text: string): number {
  return [...text.replace(SGR, "")].length;
}

/** Cuts text to a width, colours kept whole; an ellipsis shows that something is missing. */
export function fitTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const part of text.split(new RegExp(`(${ESCAPE}\\[[0-9;]*m)`))) {
    if (part.startsWith(ESCAPE)) {
      kept += part;
      continue;
    }
    const room = Math.max(0, columns - 1 - width);
    const letters = [...part].slice(0, room);
    kept += letters.join("");
    width += letters.length;
  }
  return `${kept}…`;
}

/** Breaks text between words, so that no line is longer; a longer word stands alone. */
export function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Lines of a table: columns as wide as their widest cell; a column whose cells are numbers is set to the right. */
export function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  const numeric = widths.map(
    (_, column) => rows.slice(1).every((row) => isNumber(row[column] ?? "")) && rows.length > 1,
  );
  return rows.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? "";
        const space = " ".repeat(width - widthOf(cell));
        return numeric[column] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

function isNumber(cell: string): boolean {
  return cell === "" || /^[-–]?[\d,.]*( ?(%|s|ms|B|KiB|MiB))?$/.test(cell.replace(SGR, ""));
}
