import type { TransactionProtocol } from "../../../task/outcome.ts";

/** Who speaks in a transaction: what every call of it carries. */
export interface ProducerIdentity {
  readonly transactionalId: string;
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Decides the versions of the calls. */
  readonly protocol: TransactionProtocol;
}
