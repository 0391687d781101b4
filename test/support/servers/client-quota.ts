import { Cluster } from "../../../lib/adapters/kafka/cluster/cluster.ts";
import { withDefaults } from "../../../lib/adapters/kafka/options.ts";
import type { Answer, WireRequest } from "../../../lib/adapters/kafka/wire/request.ts";

/** Bytes a second that brokers let a client id write and read before they throttle it. */
export interface ClientQuota {
  readonly clientId: string;
  readonly producer_byte_rate: number;
  readonly consumer_byte_rate: number;
}

/** Sets a quota, over a listener on which that is allowed. */
export async function setClientQuota(bootstrap: string, quota: ClientQuota): Promise<void> {
  const cluster = new Cluster(withDefaults({ brokers: [bootstrap] }));
  try {
    const { errorCode } = await cluster.anyBroker.ask(alterQuotaRequest(quota), cluster.callDeadline());
    if (errorCode !== 0) throw new Error(`the quota was not set: ${errorCode}`);
  } finally {
    cluster.links.close();
  }
}

/**
 * AlterClientQuotas v0.
 *
 * ```
 * request  => [[entity_type string, entity_name nullable_string], [key string, value float64, remove bool]], validate_only bool
 * response => throttle_time_ms int32, [error_code int16, error_message nullable_string, entity …]
 * ```
 * @source Kafka 4.3 AlterClientQuotasRequest.json, AlterClientQuotasResponse.json
 */
function alterQuotaRequest({ clientId, ...rates }: ClientQuota): WireRequest<Answer & { readonly errorCode: number }> {
  return {
    api: { name: "AlterClientQuotas", key: 49, version: 0, flexible: false },
    encode: (out) => {
      out.array([clientId], (name) => {
        out.array(["client-id"], (type) => out.string(type).nullableString(name));
        out.array(Object.entries(rates), ([key, value]) => {
          const float64 = Buffer.alloc(8);
          float64.writeDoubleBE(value);
          out.string(key).raw(float64).boolean(false);
        });
      });
      out.boolean(false);
    },
    decode: (answer) => {
      const throttleMs = answer.int32();
      answer.int32();
      return { throttleMs, errorCode: answer.int16() };
    },
  };
}
