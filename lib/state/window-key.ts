const SUFFIX_LENGTH = 12;
const TWO_TO_32 = 0x1_0000_0000;

/**
 * The last 12 bytes of a window store's changelog key, as latin1 text: window start (int64) and sequence number (int32, 0).
 *
 * @param startMs Window start in milliseconds since the epoch.
 * @source Kafka Streams `WindowKeySchema.toStoreKeyBinary`
 */
export function windowKeySuffix(startMs: number): string {
  const high = Math.floor(startMs / TWO_TO_32);
  const low = startMs - high * TWO_TO_32;
  return String.fromCharCode(
    (high >>> 24) & 255,
    (high >>> 16) & 255,
    (high >>> 8) & 255,
    high & 255,
    (low >>> 24) & 255,
    (low >>> 16) & 255,
    (low >>> 8) & 255,
    low & 255,
    0,
    0,
    0,
    0,
  );
}

/**
 * A window store's changelog key as latin1 text: key, window start, sequence number 0.
 *
 * @example
 * windowKey("AAPL", 5000).length; // 4 + 12
 */
export function windowKey(keyText: string, startMs: number): string {
  return keyText + windowKeySuffix(startMs);
}

/** Whether a text is long enough to be a window store's changelog key. */
export function isWindowKey(changelogKey: string): boolean {
  return changelogKey.length >= SUFFIX_LENGTH;
}

/** The window start in milliseconds of a window store's changelog key. */
export function windowStartOf(changelogKey: string): number {
  const at = changelogKey.length - SUFFIX_LENGTH;
  const high =
    (changelogKey.charCodeAt(at) << 24) |
    (changelogKey.charCodeAt(at + 1) << 16) |
    (changelogKey.charCodeAt(at + 2) << 8) |
    changelogKey.charCodeAt(at + 3);
  const low =
    changelogKey.charCodeAt(at + 4) * 0x100_0000 +
    ((changelogKey.charCodeAt(at + 5) << 16) |
      (changelogKey.charCodeAt(at + 6) << 8) |
      changelogKey.charCodeAt(at + 7));
  return high * TWO_TO_32 + low;
}

/** The record key in a window store's changelog key. */
export function keyOfWindowKey(changelogKey: string): string {
  return changelogKey.slice(0, changelogKey.length - SUFFIX_LENGTH);
}
