import { type CoordinatorKind, findCoordinatorRequest } from "../api/find-coordinator.ts";
import { answerError } from "../failures.ts";
import type { Deadline } from "../transport/deadline.ts";
import type { Address } from "../transport/links.ts";
import type { AnyBroker } from "./any-broker.ts";

/** Who coordinates a group or a transactional id. */
export interface CoordinatorKey {
  readonly kind: CoordinatorKind;
  readonly key: string;
}

/** Remembers coordinators until somebody learns that one has moved. */
export class Coordinators {
  private readonly anyBroker: AnyBroker;
  private readonly found = new Map<string, Address>();

  constructor(anyBroker: AnyBroker) {
    this.anyBroker = anyBroker;
  }

  /** @throws {LogError} while there is none @throws {LostRequest} @throws {StreamError} `ACCESS_DENIED` */
  async find({ kind, key }: CoordinatorKey, deadline: Deadline): Promise<Address> {
    const id = `${kind}:${key}`;
    const known = this.found.get(id);
    if (known !== undefined) return known;
    const answer = await this.anyBroker.ask(findCoordinatorRequest(kind, key), deadline);
    const resource = kind === "group" ? { group: key } : { transactionalId: key };
    const error = answerError(answer.errorCode, { request: "FindCoordinator", ...resource });
    if (error !== undefined) throw error;
    const address = { host: answer.host, port: answer.port };
    this.found.set(id, address);
    return address;
  }

  /** Forgets a coordinator: the next `find` asks again. */
  forget({ kind, key }: CoordinatorKey): void {
    this.found.delete(`${kind}:${key}`);
  }
}
