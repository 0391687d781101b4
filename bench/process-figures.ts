import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const ticksPerSecond = 100; // USER_HZ is 100 on every Linux architecture that Node supports

/** Processor time that a process has used so far, user and system, or undefined when the system does not say. */
export function cpuTimeMs(pid: number): number | undefined {
  if (process.platform === "linux") return linuxCpuTimeMs(pid);
  if (process.platform === "win32") return undefined;
  try {
    return parsePsTime(execFileSync("ps", ["-o", "time=", "-p", String(pid)], { encoding: "utf8" }));
  } catch {
    return undefined;
  }
}

/** Reads `[[hours:]minutes:]seconds[.hundredths]` of `ps -o time`. */
export function parsePsTime(text: string): number | undefined {
  const parts = text.trim().split(":").map(Number);
  if (parts.length < 2 || parts.some(Number.isNaN)) return undefined;
  return Math.round(parts.reduce((total, part) => total * 60 + part, 0) * 1_000);
}

function linuxCpuTimeMs(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // the command in parentheses may hold spaces: fields count from behind it
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/** Largest resident memory of a process so far, or undefined when the system does not say. */
export function peakMemoryBytes(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  } catch {
    return undefined;
  }
}
