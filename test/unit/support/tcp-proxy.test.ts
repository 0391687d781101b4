import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
let received = "";
const clients: Socket[] = [];

beforeEach(async () => {
  received = "";
  echo = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      received += chunk.toString();
      socket.write(chunk);
    });
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await startTcpProxy({ targetPort: (echo.address() as AddressInfo).port });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  await new Promise((resolve) => echo.close(resolve));
});

async function client(): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1");
  clients.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Resolves when a socket is gone; `once` would reject with the reset that is wanted here. */
function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

async function say(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, "data");
  socket.write(text);
  const [chunk] = (await answer) as [Buffer];
  return chunk.toString();
}

test("forwards both ways and counts", async () => {
  const socket = await client();
  expect(await say(socket, "hello")).toBe("hello");
  expect(proxy.forwardedBytes).toEqual({ "to-server": 5, "to-client": 5 });
  expect([proxy.openCount, proxy.acceptedCount]).toEqual([1, 1]);
});

test("an end of one side is forwarded", async () => {
  const socket = await client();
  await say(socket, "x");
  const closed = closing(socket);
  socket.end();
  await closed;
});

test("cut resets open connections and lets new ones in", async () => {
  const socket = await client();
  await say(socket, "x");
  const closed = closing(socket);
  proxy.cut();
  await closed;
  expect(await say(await client(), "again")).toBe("again");
});

test("refuse resets new connections until heal", async () => {
  proxy.refuse();
  const socket = connect(proxy.port, "127.0.0.1");
  socket.on("error", () => {});
  clients.push(socket);
  await closing(socket);
  proxy.heal();
  expect(await say(await client(), "again")).toBe("again");
});

test("a blackhole of answers lets requests through, and heal resets what lost bytes", async () => {
  const socket = await client();
  await say(socket, "a");
  proxy.blackhole("to-client");
  socket.write("lost answer");
  await expect.poll(() => received).toBe("alost answer");
  const closed = closing(socket);
  proxy.heal();
  await closed;
});

test("cutAfter 0 loses exactly one answer after the server had the request", async () => {
  const socket = await client();
  await say(socket, "a");
  proxy.cutAfter(0, "to-client");
  const closed = closing(socket);
  socket.write("b");
  await closed;
  expect(received).toBe("ab");
  expect(await say(await client(), "c")).toBe("c");
});

test("cutAfter tears an answer in the middle", async () => {
  const socket = await client();
  let got = "";
  socket.on("data", (chunk) => {
    got += chunk.toString();
  });
  proxy.cutAfter(3, "to-client");
  const closed = closing(socket);
  socket.write("abcdef");
  await closed;
  expect("abc".startsWith(got)).toBe(true);
});

test("delayed bytes keep their order when the delay ends", async () => {
  const socket = await client();
  let got = "";
  socket.on("data", (chunk) => {
    got += chunk.toString();
  });
  proxy.delay(60, "to-server");
  socket.write("1");
  await expect.poll(() => proxy.openCount).toBe(1);
  const start = performance.now();
  proxy.delay(0);
  socket.write("2");
  await expect.poll(() => got).toBe("12");
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("a delay holds an answer back", async () => {
  const socket = await client();
  await say(socket, "warm");
  proxy.delay(80, "to-client");
  const start = performance.now();
  await say(socket, "slow");
  expect(performance.now() - start).toBeGreaterThanOrEqual(75);
});
