// Outlives the process that started it by a moment: when that process ends in any way, SIGKILL included, its end of our
// standard input closes, and we end the servers and remove the folders that it had not cleaned up itself.
// Lines in: "+pid N", "-pid N", "+folder PATH", "-folder PATH".
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const pids = new Set();
const folders = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, ...rest] = line.split(" ");
  const value = rest.join(" ");
  if (verb === "+pid") pids.add(Number(value));
  if (verb === "-pid") pids.delete(Number(value));
  if (verb === "+folder") folders.add(value);
  if (verb === "-folder") folders.delete(value);
}

for (const pid of pids) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended already
  }
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
