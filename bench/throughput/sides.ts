import { join } from "node:path";
import type { JavaPeer } from "../java-peer.ts";
import { inputRecords, tunedSettings, type Workload } from "./workload.ts";

/** Where one run reads and writes. Every run has its own application id, output and folder. */
export interface RunPlace {
  readonly bootstrap: string;
  readonly application: string;
  readonly input: string;
  /** The second input, for shapes that have one. */
  readonly other: string;
  readonly output: string;
  readonly folder: string;
}

/** One client under comparison: a command line that prints `done` when its whole input is committed. */
export interface Side {
  readonly name: string;
  readonly command: (place: RunPlace) => readonly string[];
}

/** What a side is told besides its workload. */
export interface SideOptions {
  /** Pins of the application; default one per partition. Millrace only. */
  readonly pins?: number;
  /** How often it runs in its process, each time as a new application; default once, and once more behind a warm-up. */
  readonly times?: number;
}

/** What both sides are told of their warm-up. */
function warmUpOf({ warmMs }: Workload): Readonly<Record<string, number>> {
  return warmMs === 0 ? {} : { warmMs, times: 2 };
}

/** Millrace through its public API, in a Node process of its own. */
export function millraceSide(worker: string, workload: Workload, options: SideOptions = {}): Side {
  return {
    name: "millrace",
    command: (place) => [
      process.execPath,
      worker,
      ...named({
        ...place,
        shape: workload.shape,
        records: inputRecords(workload),
        commitMs: workload.commitMs,
        cacheBytes: workload.cacheBytes,
        ...warmUpOf(workload),
        ...options,
      }),
    ],
  };
}

/** Kafka Streams with Kafka's defaults, or with larger batches. */
export function kafkaStreamsSide(
  peer: JavaPeer,
  workload: Workload,
  { profile = "default", ...options }: { readonly profile?: "default" | "tuned"; readonly times?: number } = {},
): Side {
  return {
    name: profile === "default" ? "kafka-streams" : "kafka-streams-tuned",
    command: ({ folder, ...place }) =>
      peer.command("Application", {
        ...place,
        shape: workload.shape,
        directory: join(folder, "state"),
        records: inputRecords(workload),
        commitMs: workload.commitMs,
        store: workload.store,
        cacheBytes: workload.cacheBytes,
        ...warmUpOf(workload),
        ...options,
        ...(profile === "tuned" ? tunedSettings : {}),
      }),
  };
}

function named(args: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(args).map(([name, value]) => `${name}=${value}`);
}
