import { readdir, readFile } from "node:fs/promises";

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/**
 * Reads the page's files once, by their address: what is not in this map does not exist, so no address reaches the disk.
 *
 * @returns address (`/`, `/main.js`) → file
 */
export async function loadAssets(folder = new URL("./page/", import.meta.url)): Promise<ReadonlyMap<string, Asset>> {
  const assets = new Map<string, Asset>();
  for (const name of await readdir(folder)) {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
    if (type === undefined) continue;
    const asset = { type, body: await readFile(new URL(name, folder)) };
    assets.set(`/${name}`, asset);
    if (name === "index.html") assets.set("/", asset);
  }
  return assets;
}
