import { describe, expect, test, vi } from "vitest";
import { HeldSecret } from "../../../../lib/adapters/kafka/transport/held-secret.ts";
import type { KafkaJsSasl } from "../../../../lib/adapters/kafka/transport/kafkajs-door.ts";
import { createSignIn } from "../../../../lib/adapters/kafka/transport/sign-in.ts";
import type { BearerToken } from "../../../../lib/ports/credentials.ts";

/** What a client of one connection sends to a broker that answers so. */
async function authenticate(sasl: KafkaJsSasl | undefined, ...answers: string[]): Promise<string[]> {
  if (sasl === undefined || !("authenticationProvider" in sasl)) throw new Error("tokens expected");
  const sent: string[] = [];
  const withSize = (text: string) => Buffer.concat([Buffer.alloc(4), Buffer.from(text)]);
  const connection = sasl.authenticationProvider({
    host: "broker.example",
    port: 9098,
    saslAuthenticate: async ({ request, response }) => {
      const bytes = await request.encode();
      expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
      sent.push(bytes.subarray(4).toString());
      return response.parse(await response.decode(withSize(answers.shift() ?? "")));
    },
  });
  await connection.authenticate().catch((error: unknown) => sent.push(String(error)));
  return sent;
}

describe("tokens", () => {
  test("are sent with their extensions", async () => {
    const token = async () => ({ value: "abc", extensions: { logicalCluster: "lkc-1", pool: "p" } });
    const { sasl } = createSignIn({ mechanism: "oauthbearer", token });
    expect(await authenticate(sasl)).toEqual([
      "n,,\u0001auth=Bearer abc\u0001logicalCluster=lkc-1\u0001pool=p\u0001\u0001",
    ]);
  });

  test("that are refused are an error with the broker's reason, after it was acknowledged", async () => {
    const { sasl } = createSignIn({ mechanism: "oauthbearer", token: async () => ({ value: "abc" }) });
    const [, acknowledged, error] = await authenticate(sasl, '{"status":"invalid_token"}');
    expect(acknowledged).toBe("\u0001");
    expect(error).toContain('AUTHENTICATION_FAILED: broker.example:9098 refused our token: {"status":"invalid_token"}');
  });

  test.for<readonly [string, () => Promise<BearerToken>]>([
    ["the token provider failed: no network", () => Promise.reject(new Error("no network"))],
    ["the token provider gave no token", async () => ({ value: "" })],
    ["the token provider gave no token", async () => undefined as unknown as BearerToken],
  ])("that cannot be had are one error: %s", async ([message, token]) => {
    const { sasl } = createSignIn({ mechanism: "oauthbearer", token });
    expect((await authenticate(sasl))[0]).toContain(`AUTHENTICATION_FAILED: ${message}`);
  });

  test("are asked for again when a fifth of their life is left, and without an end each time", async () => {
    let asked = 0;
    let lifeMs: number | undefined = 60_000;
    const token = async () => ({
      value: `t${asked++}`,
      ...(lifeMs !== undefined && { expiresAtMs: Date.now() + lifeMs }),
    });
    const { sasl } = createSignIn({ mechanism: "oauthbearer", token });
    for (let round = 0; round < 3; round++) await authenticate(sasl);
    expect(asked).toBe(1);
    lifeMs = undefined;
    const other = createSignIn({ mechanism: "oauthbearer", token });
    for (let round = 0; round < 3; round++) await authenticate(other.sasl);
    expect(asked).toBe(4);
  });
});

describe("a token that is due for another one", () => {
  const start = Date.now();
  /** Signs in with a token of a minute, then again so much later, when there are no tokens to be had. */
  async function signedInAfter(ms: number): Promise<readonly string[]> {
    let failing = false;
    const token = async () => {
      if (failing) throw new Error("no network");
      return { value: "abc", expiresAtMs: start + 60_000 };
    };
    const { sasl } = createSignIn({ mechanism: "oauthbearer", token });
    await authenticate(sasl);
    failing = true;
    vi.useFakeTimers({ now: start + ms, toFake: ["Date"] });
    return authenticate(sasl).finally(() => vi.useRealTimers());
  }

  test("is used until it ends, while no other can be had", async () => {
    expect(await signedInAfter(59_990)).toEqual(["n,,\u0001auth=Bearer abc\u0001\u0001"]);
  });

  test("is of no use once it has ended", async () => {
    expect((await signedInAfter(60_000))[0]).toContain("AUTHENTICATION_FAILED: the token provider failed: no network");
  });
});

describe("a held secret", () => {
  /** A secret that is another text at each read, and how old it may get. */
  function counted(maxAgeMs: number) {
    let reads = 0;
    return new HeldSecret(async () => `read ${++reads}`, {
      isDue: (_held, heldForMs) => heldForMs >= maxAgeMs,
      isStillGood: () => false,
    });
  }

  test("is read once, however many ask at a time", async () => {
    const secret = counted(Number.POSITIVE_INFINITY);
    expect(await Promise.all([secret.get(), secret.get()])).toEqual(["read 1", "read 1"]);
    expect(await secret.get()).toBe("read 1");
  });

  test("is read again when it is due", async () => {
    const secret = counted(0);
    expect([await secret.get(), await secret.get()]).toEqual(["read 1", "read 2"]);
  });

  test("that was refused is read once for all whom it was refused to", async () => {
    const secret = counted(Number.POSITIVE_INFINITY);
    const refused = await secret.get();
    expect(await Promise.all([secret.hasChanged(refused), secret.hasChanged(refused)])).toEqual([true, true]);
    expect(await secret.hasChanged(refused)).toBe(true);
    expect(await secret.get()).toBe("read 2");
  });

  test("that is what it was is not worth one more try", async () => {
    const secret = new HeldSecret(async () => ({ username: "me", password: "same" }), {
      isDue: () => false,
      isStillGood: () => false,
    });
    expect(await secret.hasChanged(await secret.get())).toBe(false);
  });

  test("that could not be read is read by the next who asks", async () => {
    let reads = 0;
    const secret = new HeldSecret(
      async () => {
        if (reads++ === 0) throw new Error("not now");
        return "secret";
      },
      { isDue: () => false, isStillGood: () => false },
    );
    await expect(secret.get()).rejects.toThrow("not now");
    expect(await secret.get()).toBe("secret");
  });
});
