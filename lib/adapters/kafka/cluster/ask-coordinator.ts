import { LogError } from "../../../ports/log.ts";
import type { TransactionProtocol } from "../../../task/outcome.ts";
import { retryOf } from "../failures.ts";
import { retrying } from "../retry.ts";
import type { Deadline } from "../transport/deadline.ts";
import type { Address, Lane } from "../transport/links.ts";
import { LostRequest } from "../transport/lost-request.ts";
import type { Answer, WireRequest } from "../wire/request.ts";
import type { Cluster } from "./cluster.ts";
import type { CoordinatorKey } from "./coordinators.ts";

/** A call to the coordinator of a group or a transactional id. */
export interface CoordinatorCall<A extends Answer> extends CoordinatorKey {
  readonly request: WireRequest<A>;
  readonly lane: Lane;
  readonly deadline: Deadline;
  /** The error in an answer, if it is one. */
  error(answer: A): Error | undefined;
  /** The call ends a transaction, on this protocol: on the older one a lost answer must not be retried. */
  readonly endsTransaction?: TransactionProtocol;
}

/**
 * Sends the same request until it is accepted, across moves of the coordinator and lost connections.
 *
 * @throws {LogError} that the table does not retry, or the last one when the deadline passed
 * @throws {LostRequest} likewise; `sent` tells whether this or an earlier try may have had an effect
 */
export async function askCoordinator<A extends Answer>(cluster: Cluster, call: CoordinatorCall<A>): Promise<A> {
  const { deadline, endsTransaction } = call;
  const refresh = async () => cluster.coordinators.forget(call);
  let sent = false;
  const send = async (address: Address): Promise<A> => {
    try {
      const answer = await cluster.links.to(address, call.lane).send(call.request, { deadline });
      sent = true;
      return answer;
    } catch (error) {
      if (error instanceof LostRequest && error.sent) sent = true;
      throw error;
    }
  };
  try {
    return await retrying({ deadline, refresh, ...(endsTransaction && { endsTransaction }) }, async () => {
      const answer = await send(await find(cluster, call));
      const error = call.error(answer);
      if (error !== undefined) throw error;
      return answer;
    });
  } catch (error) {
    throw sent ? markSent(error, endsTransaction !== undefined) : error;
  }
}

/** A refused try may have had its effect after all: "not available" also follows a write that was not replicated in time. */
function markSent(error: unknown, endTxnSent: boolean): unknown {
  if (error instanceof LostRequest) return error.asSent();
  if (!(error instanceof LogError) || error.endTxnSent === endTxnSent) return error;
  const message = error.message.slice(error.kafkaError.length + 2); // the constructor puts the name in front
  return new LogError(error.kafkaError, message, { endTxnSent, details: error.details, cause: error });
}

/** A lost look-up is not a lost call: nothing of the call was sent. */
async function find<A extends Answer>(cluster: Cluster, call: CoordinatorCall<A>) {
  try {
    return await cluster.coordinators.find(call, call.deadline);
  } catch (error) {
    if (!(error instanceof LostRequest)) throw error;
    throw error.asUnsent();
  }
}

/** Of several errors in one answer the one to act on: what cannot be retried first, what others caused last. */
export function decisiveError(errors: Iterable<Error | undefined>): Error | undefined {
  let decisive: Error | undefined;
  for (const error of errors) {
    if (error === undefined) continue;
    if (retryOf(error) === undefined) return error;
    if (decisive === undefined || /^OPERATION_NOT_ATTEMPTED/.test(decisive.message)) decisive = error;
  }
  return decisive;
}
