import type { BufferedChange } from "./buffered-change.ts";
import { ChangeBufferStore } from "./change-buffer-store.ts";
import type { Scratch, StoreSpec } from "./store.ts";

/**
 * Records of a stream that wait to be joined, each under a key of its own.
 *
 * Changelog: `timeFirstKey`, `bufferedChange` without older values and with the buffer time 0, timestamp of the record; a deletion
 * when the record has left the buffer. One that came and went between two commits leaves no record.
 * @source Kafka Streams `RocksDBTimeOrderedKeyValueBuffer`
 */
export class TimeOrderedBufferStore extends ChangeBufferStore {
  constructor(spec: StoreSpec, scratch: Scratch) {
    super(spec, scratch, { logsUnborn: false });
  }

  protected timeOf({ timestampMs }: BufferedChange): number {
    return timestampMs;
  }
}
