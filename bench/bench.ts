import { cpus, loadavg } from "node:os";
import type { Log } from "../lib/ports/log.ts";
import { startKafka } from "../test/support/servers/kafka.ts";
import { guardedFolder, removeFolder } from "../test/support/servers/reaper.ts";
import type { BenchOptions } from "./arguments.ts";
import { type CorePlan, pinProcess, planCores } from "./cores.ts";
import { buildJavaPeer, type JavaPeer } from "./java-peer.ts";
import { openLog } from "./open-log.ts";
import { formatFigure } from "./table.ts";
import { bundleWorker } from "./worker-bundle.ts";

/** What every scenario with a broker is given. */
export interface Bench {
  readonly log: Log;
  readonly bootstrap: string;
  /** Undefined when the user named a broker. */
  readonly brokerPid: number | undefined;
  readonly peer: JavaPeer;
  /** The program of the Millrace side. */
  readonly worker: string;
  readonly cores: CorePlan | undefined;
  /** For logs and state; removed at the end. */
  readonly folder: string;
  /** Load per core before the bench began. */
  readonly load: number;
  /** In names of topics and applications. */
  readonly id: string;
  readonly options: BenchOptions;
  readonly say: (line: string) => void;
}

/** What a scenario was asked for, and where it tells how far it is. */
export interface BenchCall {
  readonly options: BenchOptions;
  readonly say: (line: string) => void;
  /** Properties of an own broker, beside those of the tests. */
  readonly properties?: Readonly<Record<string, string | number>>;
}

/** Opens broker, peer and folder, runs a scenario, and closes everything again. */
export async function withBench<T>(call: BenchCall, use: (bench: Bench) => Promise<T>): Promise<T> {
  const { options, say } = call;
  const load = machineLoad();
  if (load > 0.5) say(`the machine is busy (load ${formatFigure(load)} per core): figures of processor time mean most`);
  const peer = await buildJavaPeer();
  const cores = await planCores(options.pin);
  const folder = await guardedFolder("bench");
  const broker = await openBroker(call, cores);
  try {
    const worker = await bundleWorker(folder);
    const log = await openLog(broker.bootstrap);
    try {
      const { bootstrap, pid } = broker;
      const id = Date.now().toString(36);
      return await use({ log, bootstrap, brokerPid: pid, peer, worker, cores, folder, load, id, options, say });
    } finally {
      await log.close();
    }
  } finally {
    await broker.stop();
    await removeFolder(folder);
  }
}

/** What a report says of the machine: without it its figures cannot be judged. */
export function machineOf({ cores, peer, load }: Bench) {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "",
    cores: processors.length,
    pinning: cores ?? null,
    loadPerCoreBefore: load,
    node: process.version,
    java: peer.javaVersion,
  };
}

/** Processes that want to run, per core, over the last minute; 0 where the system does not say. */
function machineLoad(): number {
  return (loadavg()[0] ?? 0) / cpus().length;
}

/** An own broker with the full compiler on its own core, or the one that the user names. */
async function openBroker({ options, properties = {} }: BenchCall, cores: CorePlan | undefined) {
  if (options.bootstrap !== undefined) return { bootstrap: options.bootstrap, pid: undefined, stop: async () => {} };
  const jvmFlags = ["-XX:+UseSerialGC", "-Xms512m", "-Xmx1g"];
  const broker = await startKafka({ jvmFlags, properties });
  if (cores !== undefined) await pinProcess(broker.pid, cores.broker);
  return broker;
}
