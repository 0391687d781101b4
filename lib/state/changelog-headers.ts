import type { Header } from "../records/reader.ts";
import type { StoreType } from "./store.ts";

const NONE: readonly Header[] = [];
/** Tells Kafka Streams the version of the value's form. */
const VERSION_3: readonly Header[] = Object.freeze([{ key: "v", value: Buffer.from([3]) }]);

/** Headers of every changelog record of a store that has a value; deletions have none. */
export function changelogHeaders(type: StoreType): readonly Header[] {
  return type === "suppressBuffer" ? VERSION_3 : NONE;
}
