import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".md"),
);
const pages = ["README.md", ...docs.map((name) => join("docs", name))];
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

/** What a page names in code: files and folders of the repository. */
function namedPaths(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) =>
    code
      .split(/[\s,]+/)
      .filter((word) => /^(lib|functions|test|scripts|examples|infra|bench|docs)\/[\w./-]*\w$/.test(word)),
  );
}

test.for(pages)("%s names only files that exist", (page) => {
  const missing = namedPaths(readFileSync(join(root, page), "utf8")).filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});

test.for(pages)("%s links only to what exists", (page) => {
  const links = [...readFileSync(join(root, page), "utf8").matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, to = ""]) => to);
  const local = links.filter((link) => !/^https?:/.test(link));
  expect(local.filter((link) => !existsSync(resolve(root, dirname(page), link)))).toEqual([]);
});

test.for(pages)("%s names only npm scripts that there are", (page) => {
  const named = [...readFileSync(join(root, page), "utf8").matchAll(/npm run ([\w-]+)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("every npm script runs a file that exists or a tool that is installed", () => {
  for (const [name, command] of Object.entries(scripts)) {
    const target = command.split(" ")[2] ?? "";
    const path = target.includes("/") ? target : join("node_modules", target === "biome" ? "@biomejs/biome" : target);
    if (!target.startsWith("--")) expect(existsSync(join(root, path)), `${name}: ${command}`).toBe(true);
  }
});
