import type { World } from "./world.ts";
export async function manifestViolations(_world: World): Promise<string[]> { return []; }
