import type { BufferedChange } from "./buffered-change.ts";
import { ChangeBufferStore } from "./change-buffer-store.ts";

/**
 * Changes of a table that wait, one per key.
 *
 * Changelog: plain key, `bufferedChange`, timestamp of the record that gave the newest update; a deletion when the change has
 * left the buffer.
 * @source Kafka Streams `InMemoryTimeOrderedKeyValueChangeBuffer`
 */
export class SuppressBufferStore extends ChangeBufferStore {
  protected timeOf({ bufferTimeMs }: BufferedChange): number {
    return bufferTimeMs;
  }
}
