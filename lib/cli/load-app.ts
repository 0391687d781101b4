import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isStreamError, StreamError } from "../core/errors.ts";
import type { App } from "../dsl/app.ts";

/**
 * The application that a file exports: its default export, the export `app`, or the only one that is an application.
 *
 * @throws {StreamError} `CONFIG_INVALID` when there is no such file, Node cannot load it, or it exports none; what
 * `defineApp` throws
 */
export async function loadApp(path: string): Promise<App> {
  const file = resolve(path);
  if (!existsSync(file)) throw invalid(`there is no file ${path}`, path);
  const exported = await load(file, path);
  const apps = new Set(Object.values(exported).filter(isApp));
  const [only] = apps.size === 1 ? apps : [];
  const found = [exported["default"], exported["app"], only].find(isApp);
  if (found !== undefined) return found;
  const what = apps.size === 0 ? "no application" : `${apps.size} applications`;
  throw invalid(`${path} exports ${what}: write "export default defineApp(…)"`, path);
}

async function load(file: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    if (isStreamError(cause)) throw cause;
    if ((cause as { code?: unknown }).code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[mc]?ts$/.test(path)) {
      const runsTypeScript = "Node 22.18 and newer do; or name the compiled file";
      throw invalid(`Node ${process.version} does not load TypeScript: ${runsTypeScript}`, path, cause);
    }
    throw invalid(`${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, path, cause);
  }
}

function isApp(value: unknown): value is App {
  if (typeof value !== "object" || value === null) return false;
  const { id, topology } = value as Partial<App>;
  return typeof id === "string" && Array.isArray(topology?.nodes);
}

function invalid(message: string, path: string, cause?: unknown): StreamError {
  return new StreamError("CONFIG_INVALID", message, { details: { path }, ...(cause === undefined ? {} : { cause }) });
}
