import { describe, expect, test } from "vitest";
import { defaultText, describeSettings } from "../../../lib/config/describe.ts";
import { connectionsFromEnvironment, settingsFromEnvironment, variableOf } from "../../../lib/config/environment.ts";
import { parseSettings } from "../../../lib/config/settings.ts";
import { errorOf } from "../../support/error-of.ts";

describe("settingsFromEnvironment", () => {
  test("reads MILLRACE_ variables and leaves the rest at their defaults", () => {
    const env = { MILLRACE_COMMIT_INTERVAL_MS: "50ms", MILLRACE_SCALING_MAX_WORKERS: "3", PATH: "/bin" };
    expect(settingsFromEnvironment(env)).toEqual(
      parseSettings({ commit: { intervalMs: 50 }, scaling: { maxWorkers: 3 } }),
    );
  });

  test("takes every default as it is told", () => {
    const told = describeSettings().map((setting) => [setting.variable, defaultText(setting)] as const);
    expect(settingsFromEnvironment(Object.fromEntries(told))).toEqual(parseSettings());
  });

  test("takes an empty variable for an absent one", () => {
    expect(settingsFromEnvironment({ MILLRACE_COMMIT_INTERVAL_MS: "" })).toEqual(parseSettings());
  });

  test("lets variables of connections pass", () => {
    expect(settingsFromEnvironment({ MILLRACE_KAFKA_BROKERS: "a:9092" })).toEqual(parseSettings());
  });

  test.for([
    ["MILLRACE_COMMIT_INTERVALL_MS", "MILLRACE_COMMIT_INTERVAL_MS"],
    ["MILLRACE_KAFKA_BROKER", "MILLRACE_KAFKA_BROKERS"],
  ] as const)("refuses %s and proposes %s", ([written, meant]) => {
    expect(errorOf(() => settingsFromEnvironment({ [written]: "1" })).message).toBe(
      `CONFIG_INVALID: ${written} is unknown: did you mean ${meant}?`,
    );
  });
});

describe("connectionsFromEnvironment", () => {
  const least = {
    MILLRACE_KAFKA_BROKERS: "one.example:9092, two.example:9092",
    MILLRACE_TABLE_NAME: "millrace-dev",
    MILLRACE_BUCKET_NAME: "millrace-dev-snapshots",
  };

  test("splits brokers and fills in the rest", () => {
    const { kafka, table, bucket } = connectionsFromEnvironment(least);
    expect(kafka.brokers).toEqual(["one.example:9092", "two.example:9092"]);
    expect(kafka).toMatchObject({ tls: false, saslMechanism: "none", requestTimeoutMs: 6_000 });
    expect(table).toMatchObject({ name: "millrace-dev" });
    expect(bucket).toMatchObject({ name: "millrace-dev-snapshots", prefix: "" });
  });

  test("names what is missing", () => {
    expect(errorOf(() => connectionsFromEnvironment({})).details["problems"]).toEqual([
      "MILLRACE_KAFKA_BROKERS is missing: must be one or more host:port, separated by commas",
      "MILLRACE_TABLE_NAME is missing: must be a DynamoDB table name: 3 to 255 letters, digits, _ . -",
      "MILLRACE_BUCKET_NAME is missing: must be an S3 bucket name: 3 to 63 lower-case letters, digits, . -",
    ]);
  });

  test.for([
    ["localhost", false],
    ["localhost:9092", true],
    ["[::1]:9092", true],
    ["a:9092,,b:9092", false],
    ["http://a:9092", false],
  ] as const)("decides whether %s is a list of brokers: %s", ([brokers, fits]) => {
    const parse = () => connectionsFromEnvironment({ ...least, MILLRACE_KAFKA_BROKERS: brokers });
    if (fits) expect(parse().kafka.brokers).toEqual([brokers]);
    else expect(errorOf(parse).code).toBe("CONFIG_INVALID");
  });

  test("wants credentials with SASL, and TLS with a plain password", () => {
    const env = { ...least, MILLRACE_KAFKA_SASL_MECHANISM: "plain" };
    expect(errorOf(() => connectionsFromEnvironment(env)).details["problems"]).toEqual([
      expect.stringContaining(
        "must come with MILLRACE_KAFKA_CREDENTIALS_SECRET_ARN, or with MILLRACE_KAFKA_USERNAME and MILLRACE_KAFKA_PASSWORD",
      ),
      expect.stringContaining("must come with MILLRACE_KAFKA_TLS, because the password crosses the network as it is"),
    ]);
  });

  test.for([
    ["MILLRACE_KAFKA_USERNAME", "me"],
    ["MILLRACE_KAFKA_PASSWORD", "hunter2"],
    ["MILLRACE_KAFKA_CREDENTIALS_SECRET_ARN", "arn:aws:secretsmanager:eu-central-1:1:secret:kafka"],
  ])("wants a mechanism with %s: it would connect as nobody", ([variable, value]) => {
    expect(
      errorOf(() => connectionsFromEnvironment({ ...least, [variable as string]: value })).details["problems"],
    ).toEqual([
      `${variable} is given: must come with MILLRACE_KAFKA_SASL_MECHANISM, because without it nobody asks for it`,
    ]);
  });

  test("takes authorities as PEM text, and only with TLS", () => {
    const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    const env = { ...least, MILLRACE_KAFKA_TLS: "true", MILLRACE_KAFKA_TLS_CA: pem };
    expect(connectionsFromEnvironment(env).kafka.tlsCa).toBe(pem);
    expect(errorOf(() => connectionsFromEnvironment({ ...env, MILLRACE_KAFKA_TLS_CA: "ca.pem" })).message).toContain(
      "PEM",
    );
    expect(errorOf(() => connectionsFromEnvironment({ ...env, MILLRACE_KAFKA_TLS: "false" })).message).toContain(
      "must come with MILLRACE_KAFKA_TLS,",
    );
  });

  test("never shows a secret", () => {
    const env = {
      ...least,
      MILLRACE_TABLE_NAME: "!",
      MILLRACE_KAFKA_PASSWORD: "hunter2",
      MILLRACE_KAFKA_USERNAME: "me",
    };
    const error = errorOf(() => connectionsFromEnvironment(env));
    expect(JSON.stringify([error.message, error.details])).not.toContain("hunter2");
  });
});

test.for([
  ["commit.intervalMs", "MILLRACE_COMMIT_INTERVAL_MS"],
  ["kafka.saslMechanism", "MILLRACE_KAFKA_SASL_MECHANISM"],
  ["scaling.idleToZeroMs", "MILLRACE_SCALING_IDLE_TO_ZERO_MS"],
] as const)("%s is given as %s", ([setting, variable]) => {
  expect(variableOf(setting)).toBe(variable);
});
