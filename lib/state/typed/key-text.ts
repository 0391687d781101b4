import { ByteSink } from "../../core/byte-sink.ts";
import { latin1Text } from "../../core/byte-text.ts";
import { StreamError } from "../../core/errors.ts";
import type { Serde } from "../../serde/serde.ts";
import type { StoreSpec } from "../store.ts";

/** Keys from one to another in byte order, both ends inclusive; without an end it is open. */
export interface KeyRange<K> {
  readonly from?: K;
  readonly to?: K;
}

/** Keys of one store: typed outside, one latin1 character per byte inside. */
export class KeyText<K> {
  private readonly spec: StoreSpec;
  private readonly sink = new ByteSink(64);

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /** The text of a key. @throws {StreamError} `PROCESSING_FAILED` for a null key */
  of(key: K): string {
    if (key === null || key === undefined) {
      throw new StreamError(
        "PROCESSING_FAILED",
        `store ${this.spec.name} was asked for a null key: check the key first`,
      );
    }
    return this.written(this.spec.keySerde, key);
  }

  /** The text of the first bytes of keys. */
  ofPrefix<P>(prefix: P, serde: Serde<P> | undefined): string {
    return this.written(serde ?? this.spec.keySerde, prefix);
  }

  /** Tells the texts of the keys of a range. */
  within({ from, to }: KeyRange<K>): (keyText: string) => boolean {
    const first = from === undefined ? "" : this.of(from);
    const last = to === undefined ? undefined : this.of(to);
    return (keyText) => keyText >= first && (last === undefined || keyText <= last);
  }

  /** The key of a text. */
  read(text: string): K {
    const bytes = Buffer.from(text, "latin1");
    return this.spec.keySerde.read(bytes, 0, bytes.length) as K;
  }

  private written(serde: Serde<unknown>, value: unknown): string {
    this.sink.reset();
    serde.write(value, this.sink);
    return latin1Text(this.sink.bytes, 0, this.sink.length);
  }
}
