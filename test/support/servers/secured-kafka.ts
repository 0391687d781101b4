import { generateKeyPairSync, sign } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createKafkaLog } from "../../../lib/adapters/kafka/kafka-log.ts";
import { isStreamError } from "../../../lib/core/errors.ts";
import { type Certificate, createAuthority } from "./certificates.ts";
import { lightJvmFlags } from "./jvm.ts";
import { type KafkaServer, startKafka } from "./kafka.ts";
import { freePorts } from "./ports.ts";
import { guardedFolder, removeFolder } from "./reaper.ts";
import { type ScramUser, setScramUsers } from "./scram-users.ts";

/** How a test wants its secured broker. */
export interface SecuredKafkaOptions {
  /** Users with their passwords, for PLAIN and both SCRAM mechanisms. They may do nothing until they are given rights. */
  readonly users: readonly ScramUser[];
}

/** What a token is to say. */
export interface TokenWish {
  readonly user: string;
  /** Seconds until it expires. */
  readonly lifeSeconds: number;
}

/** A broker with a listener that wants TLS and SASL and rights for everything, and ways around it for the test itself. */
export interface SecuredKafka {
  /** `host:port` that wants TLS and SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER. */
  readonly bootstrap: string;
  /** The same with a certificate that has expired. */
  readonly expired: string;
  /** `host:port` in plain text, where anybody may do everything: for what the test sets up and looks at. */
  readonly plain: string;
  /** PEM of the authority that signed the brokers' certificates. */
  readonly authorityPem: string;
  /** A signed token that the broker accepts. */
  token(wish: TokenWish): string;
  /** Gives a user another password: its old one is refused at the next sign-in. */
  rotate(user: ScramUser): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD_DEADLINE_MS = 15_000;
const AUDIENCE = "millrace";
const mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];
const security = "org.apache.kafka.common.security";

/**
 * Starts a broker with certificates, keys and users made for this run.
 *
 * @throws {ServersUnavailable} when Java or Maven is missing
 */
export async function startSecuredKafka({ users }: SecuredKafkaOptions): Promise<SecuredKafka> {
  const [plain = 0, secured = 0, expired = 0, controller = 0] = await freePorts(4);
  const at = (port: number) => `127.0.0.1:${port}`;
  const authority = createAuthority("Millrace test authority");
  const name = { name: "broker", addresses: ["127.0.0.1"] };
  const issuer = createTokenIssuer();
  const folder = await guardedFolder("tokens");
  const keysFile = join(folder, "keys.json");
  await writeFile(keysFile, issuer.keySet);
  const keysUrl = pathToFileURL(keysFile).href;
  const ways = `PLAINTEXT://${at(plain)},SECURED://${at(secured)},EXPIRED://${at(expired)}`;
  const server: KafkaServer = await startKafka({
    port: plain,
    jvmFlags: [...lightJvmFlags, `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keysUrl}`],
    properties: {
      listeners: `${ways},CONTROLLER://${at(controller)}`,
      "advertised.listeners": ways,
      "controller.quorum.voters": `1@${at(controller)}`,
      "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURED:SASL_SSL,EXPIRED:SASL_SSL",
      "sasl.enabled.mechanisms": mechanisms.join(","),
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": "User:ANONYMOUS",
      ...signInProperties("secured", users, keysUrl),
      ...signInProperties("expired", users, keysUrl),
      ...certificateProperties("secured", authority.issue(name)),
      ...certificateProperties("expired", authority.issue({ ...name, validDays: [-10, -1] })),
    },
  });
  const setUsers = async (some: readonly ScramUser[]) => {
    await setScramUsers(server.bootstrap, some);
    for (const user of some) await untilAccepted({ bootstrap: at(secured), ca: authority.certificatePem }, user);
  };
  await setUsers(users);
  return {
    bootstrap: at(secured),
    expired: at(expired),
    plain: server.bootstrap,
    authorityPem: authority.certificatePem,
    token: issuer.token,
    rotate: (user) => setUsers([user]),
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
}

/** A broker acknowledges a password before it knows it itself. */
async function untilAccepted(
  { bootstrap, ca }: { readonly bootstrap: string; readonly ca: string },
  { name: username, password }: ScramUser,
): Promise<void> {
  const giveUpAtMs = performance.now() + PASSWORD_DEADLINE_MS;
  for (;;) {
    try {
      const sasl = { mechanism: "scram-sha-512", username, password } as const;
      await (await createKafkaLog({ brokers: [bootstrap], ssl: { ca }, sasl })).close();
      return;
    } catch (error) {
      if (!isStreamError(error, "AUTHENTICATION_FAILED") || performance.now() > giveUpAtMs) throw error;
    }
  }
}

function signInProperties(listener: string, users: readonly ScramUser[], keysUrl: string): Record<string, string> {
  const passwords = users.map(({ name, password }) => `user_${name}="${password}"`).join(" ");
  const of = (mechanism: string) => `listener.name.${listener}.${mechanism}`;
  return {
    [`${of("plain")}.sasl.jaas.config`]: `${security}.plain.PlainLoginModule required ${passwords};`,
    [`${of("scram-sha-256")}.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
    [`${of("scram-sha-512")}.sasl.jaas.config`]: `${security}.scram.ScramLoginModule required;`,
    [`${of("oauthbearer")}.sasl.jaas.config`]: `${security}.oauthbearer.OAuthBearerLoginModule required;`,
    [`${of("oauthbearer")}.sasl.server.callback.handler.class`]: `${security}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    [`${of("oauthbearer")}.sasl.oauthbearer.jwks.endpoint.url`]: keysUrl,
    [`${of("oauthbearer")}.sasl.oauthbearer.expected.audience`]: AUDIENCE,
  };
}

function certificateProperties(listener: string, certificate: Certificate): Record<string, string> {
  // one line each: a properties file has newlines as \n
  const inOneLine = (pem: string) => pem.replaceAll("\n", "\\n");
  return {
    [`listener.name.${listener}.ssl.keystore.type`]: "PEM",
    [`listener.name.${listener}.ssl.keystore.certificate.chain`]: inOneLine(certificate.certificatePem),
    [`listener.name.${listener}.ssl.keystore.key`]: inOneLine(certificate.privateKeyPem),
  };
}

/** Who signs tokens: JSON Web Tokens with RS256, and the set of keys that a broker checks them with. */
function createTokenIssuer(): { readonly keySet: string; token(wish: TokenWish): string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const key = { ...publicKey.export({ format: "jwk" }), kid: "1", use: "sig", alg: "RS256" };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  return {
    keySet: JSON.stringify({ keys: [key] }),
    token: ({ user, lifeSeconds }) => {
      const nowSeconds = Math.floor(Date.now() / 1_000);
      const claims = { sub: user, aud: AUDIENCE, iat: nowSeconds, exp: nowSeconds + lifeSeconds, scope: "kafka" };
      const body = `${encode({ alg: "RS256", kid: "1", typ: "JWT" })}.${encode(claims)}`;
      return `${body}.${sign("sha256", Buffer.from(body), privateKey).toString("base64url")}`;
    },
  };
}
