/** A worker to start. It learns its pins from its first beat. */
export interface WorkerSpec {
  readonly worker: string;
}

/** Starts worker containers. Starting is asynchronous and at least once: a duplicate loses its claims and exits. */
export interface Launcher {
  start(spec: WorkerSpec): Promise<void>;
  /** Workers that this launcher knows to be running, when it can know. */
  list(): Promise<readonly string[]>;
  /** Asks a worker to drain (SIGTERM where there is one). */
  stop(worker: string): Promise<void>;
}
