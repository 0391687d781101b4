/** Every file that package.json names in `exports`, `bin` and `types`: relative to the package, without duplicates. */
export function promisedFiles(manifest: unknown): string[] {
  const { exports, bin, types } = manifest as Record<string, unknown>;
  const found = [...leaves(exports), ...leaves(bin), ...leaves(types)];
  return [...new Set(found.map((path) => path.replace(/^\.\//, "")))];
}

function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}
