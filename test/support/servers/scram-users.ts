import { pbkdf2Sync, randomBytes } from "node:crypto";
import { Cluster } from "../../../lib/adapters/kafka/cluster/cluster.ts";
import { withDefaults } from "../../../lib/adapters/kafka/options.ts";
import type { Answer, WireRequest } from "../../../lib/adapters/kafka/wire/request.ts";

/** How passwords are hashed: Kafka's number of the mechanism, digest and its bytes. */
const hashes = [
  [1, "sha256", 32],
  [2, "sha512", 64],
] as const;
type Hash = (typeof hashes)[number];
const ITERATIONS = 4_096;

/** A user with a password; setting it again rotates the password. */
export interface ScramUser {
  readonly name: string;
  readonly password: string;
}

/**
 * Gives users their passwords, for both SCRAM mechanisms.
 *
 * @param bootstrap A listener on which this is allowed.
 */
export async function setScramUsers(bootstrap: string, users: readonly ScramUser[]): Promise<void> {
  const cluster = new Cluster(withDefaults({ brokers: [bootstrap] }));
  try {
    // one mechanism a request: a broker changes a user once in each
    for (const hash of hashes) {
      const { refused } = await cluster.anyBroker.ask(alterScramRequest(users, hash), cluster.callDeadline());
      if (refused.length > 0) throw new Error(`passwords were not set: ${refused.join(", ")}`);
    }
  } finally {
    cluster.links.close();
  }
}

/**
 * AlterUserScramCredentials v0.
 *
 * ```
 * request  => deletions [] = empty, [name string, mechanism int8, iterations int32, salt bytes, salted_password bytes, tags],
 *             tags
 * response => throttle_time_ms int32, [user string, error_code int16, error_message nullable_string, tags], tags
 *             (strings, bytes and arrays are compact)
 * ```
 * @source Kafka 4.3 AlterUserScramCredentialsRequest.json, AlterUserScramCredentialsResponse.json
 */
function alterScramRequest(
  users: readonly ScramUser[],
  [mechanism, digest, length]: Hash,
): WireRequest<Answer & { readonly refused: readonly string[] }> {
  return {
    api: { name: "AlterUserScramCredentials", key: 51, version: 0, flexible: true },
    encode: (out) => {
      out.compactArray([], () => {});
      out.compactArray(users, ({ name, password }) => {
        const salt = randomBytes(16);
        const salted = pbkdf2Sync(password, salt, ITERATIONS, length, digest);
        out.compactString(name).int8(mechanism).int32(ITERATIONS).compactBytes(salt).compactBytes(salted).noTags();
      });
      out.noTags();
    },
    decode: (answer) => {
      const throttleMs = answer.int32();
      const results = answer.compactArray(() => {
        const [name, code, why] = [answer.compactString(), answer.int16(), answer.compactNullableString()];
        answer.tags();
        return code === 0 ? [] : [`${name} (${why ?? code})`];
      });
      return { throttleMs, refused: results.flat() };
    },
  };
}
