/** How many generated inputs a slow property is tried on: all of them with `CI=true`, else a quarter. */
export function propertyRuns(count: number): number {
  return process.env["CI"] === "true" ? count : Math.ceil(count / 4);
}
