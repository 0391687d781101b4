import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type MskSigner, mskIamTokens } from "../../../../lib/adapters/msk-iam/tokens.ts";

/** Amazon's package under another name: under its own it is absent here, as it is for who does not need it. */
const installedAs: string = "msk-iam-signer";

const brokers = ["b-1.shop.abc123.c2.kafka.eu-west-1.amazonaws.com:9098"];

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "very-secret");
  vi.stubEnv("AWS_REGION", "us-east-2");
});

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The signed URL in a token. */
async function signedUrl(addresses: readonly string[]): Promise<{ url: URL; expiresAtMs: number }> {
  const { value, expiresAtMs = 0 } = await (
    await mskIamTokens(addresses, () => import(installedAs) as Promise<MskSigner>)
  )();
  return { url: new URL(Buffer.from(value, "base64url").toString()), expiresAtMs };
}

test("signs for the brokers' region with the credentials of the process, for 15 minutes, without a request", async () => {
  const { url, expiresAtMs } = await signedUrl(brokers);
  expect(url.hostname).toBe("kafka.eu-west-1.amazonaws.com");
  const parameters = Object.fromEntries(url.searchParams);
  expect(parameters).toMatchObject({ Action: "kafka-cluster:Connect", "X-Amz-Expires": "900" });
  expect(parameters["X-Amz-Credential"]).toMatch(/^AKIDEXAMPLE\/\d{8}\/eu-west-1\/kafka-cluster\/aws4_request$/);
  expect(url.href).not.toContain("very-secret");
  expect((expiresAtMs - Date.now()) / 1_000).toBeGreaterThan(890);
});

test.for([
  ["boot-x.c1.kafka-serverless.ap-south-1.amazonaws.com:9098", "ap-south-1"],
  ["b-1.x.c2.kafka.cn-north-1.amazonaws.com.cn:9098", "cn-north-1"],
  ["kafka.example:9098", "us-east-2"],
] as const)("finds the region of %s", async ([broker, region]) => {
  expect((await signedUrl([broker])).url.hostname).toContain(`kafka.${region}.amazonaws.com`);
});

test("says which setting has no region", async () => {
  vi.stubEnv("AWS_REGION", "");
  await expect(mskIamTokens(["kafka.example:9098"])).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("names the package to install when it is absent", async () => {
  const absent = () =>
    Promise.reject(Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" }));
  await expect(mskIamTokens(brokers, absent)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("npm install it"),
    details: { package: "aws-msk-iam-sasl-signer-js" },
  });
});
