import { describe, expect, test } from "vitest";
import { FramePool, POOLED_BYTES } from "../../../../lib/adapters/kafka/transport/frame-pool.ts";
import { FrameReceiver } from "../../../../lib/adapters/kafka/transport/frame-receiver.ts";

/** A frame whose bytes tell where they belong. */
function frame(size: number, first: number): Buffer {
  const made = Buffer.alloc(4 + size);
  made.writeInt32BE(size);
  for (let at = 0; at < size; at++) made[4 + at] = (first + at) % 251;
  return made;
}

/** Feeds a stream as a socket would: never more than there is room for, at most `most` at a time. */
function receive(stream: Buffer, most: number, pool = new FramePool()): Buffer[] {
  const frames: Buffer[] = [];
  const receiver = new FrameReceiver(pool, (whole) => frames.push(Buffer.from(whole)));
  for (let at = 0; at < stream.length; ) {
    const room = receiver.room();
    const count = Math.min(room.length, most, stream.length - at);
    stream.copy(room, 0, at, at + count);
    receiver.received(count);
    at += count;
  }
  return frames;
}

describe("frames come out whole and in order", () => {
  const frames = [0, 10, 3, 20_000, 70_000, 1, 300_000, 16_380, 5].map((size, index) => frame(size, index));
  const stream = Buffer.concat(frames);
  test.each([1, 3, 7, 1_000, 16_384, 65_536, 1_000_000])("of chunks of %d bytes", (most) => {
    expect(receive(stream, most)).toEqual(frames);
  });

  test("what is cut off waits", () => {
    expect(receive(stream.subarray(0, stream.length - 1), 5_000)).toEqual(frames.slice(0, -1));
  });
});

test("a frame longer than is believed at once comes out whole", () => {
  const long = frame(70 << 20, 5);
  const [received, next] = receive(Buffer.concat([long, frame(3, 1)]), 10 << 20);
  expect(received?.equals(long)).toBe(true);
  expect(next).toEqual(frame(3, 1));
});

test("a TLS server's alert, which claims 336 MiB, does not make us allocate them", () => {
  const receiver = new FrameReceiver(new FramePool(), () => undefined);
  const alert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46]);
  alert.copy(receiver.room());
  receiver.received(alert.length);
  expect(receiver.room().buffer.byteLength).toBeLessThanOrEqual(32 << 20);
});

test.each([
  ["a negative size", Buffer.from([0x80, 0, 0, 0, 1, 2, 3])],
  ["a size beyond any frame, as of HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
])("%s: bytes are handed on as they come", (_, stream) => {
  const said = receive(Buffer.concat([frame(2, 0), stream, stream]), stream.length + 6);
  expect(said[0]).toEqual(frame(2, 0));
  expect(Buffer.concat(said.slice(1))).toEqual(Buffer.concat([stream, stream]));
});

describe("memory of frames", () => {
  const large = POOLED_BYTES * 3;

  test("is used again when it was given back, by any view of it", () => {
    const pool = new FramePool();
    const first = pool.take(large);
    pool.giveBack(first.subarray(100, 120));
    expect(pool.take(large - 5).buffer).toBe(first.buffer);
  });

  test("is not used again before, nor twice", () => {
    const pool = new FramePool();
    const first = pool.take(large);
    expect(pool.take(large).buffer).not.toBe(first.buffer);
    pool.giveBack(first);
    pool.giveBack(first);
    expect(pool.take(large).buffer).toBe(first.buffer);
    expect(pool.take(large).buffer).not.toBe(first.buffer);
  });

  test("is as long as asked for", () => {
    const pool = new FramePool();
    expect([1, POOLED_BYTES - 1, POOLED_BYTES, large].map((length) => pool.take(length).length)).toEqual([
      1,
      POOLED_BYTES - 1,
      POOLED_BYTES,
      large,
    ]);
  });

  test("of others is left alone", () => {
    const pool = new FramePool();
    const other = Buffer.alloc(large);
    pool.giveBack(other);
    pool.giveBack(pool.take(10));
    expect(pool.take(large).buffer).not.toBe(other.buffer);
  });

  test("of a large frame does not go to a small one", () => {
    const pool = new FramePool();
    const other = pool.take(large * 8);
    pool.giveBack(other);
    expect(pool.take(large).buffer).not.toBe(other.buffer);
  });

  test("that is not asked for any more makes room", () => {
    const pool = new FramePool();
    const old = Array.from({ length: 64 }, () => pool.take(1 << 20));
    for (const each of old) pool.giveBack(each);
    const newer = pool.take(32 << 20);
    pool.giveBack(newer);
    expect(pool.take(32 << 20).buffer).toBe(newer.buffer);
  });

  test("is kept up to a bound", () => {
    const pool = new FramePool();
    const frames = Array.from({ length: 5 }, () => pool.take(32 << 20));
    for (const each of frames) pool.giveBack(each);
    const again = new Set(Array.from({ length: 5 }, () => pool.take(32 << 20).buffer));
    expect(frames.filter(({ buffer }) => again.has(buffer))).toHaveLength(2);
  });
});
