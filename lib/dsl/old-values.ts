/**
 * Whether a table sends old values with its changes. Operators below ask while the topology is written down; nodes look at
 * the answer when it is built.
 *
 * @source Kafka Streams `KTableImpl.enableSendingOldValues`
 */
export class OldValues {
  private asked = false;
  private readonly supply: (materialise: boolean) => boolean;

  /** @param supply Makes old values available, with a new store only if `materialise`; answers whether they are. */
  constructor(supply: (materialise: boolean) => boolean) {
    this.supply = supply;
  }

  get sent(): boolean {
    return this.asked;
  }

  /** Asks for old values. @returns whether they will be sent */
  ask(materialise: boolean): boolean {
    if (!this.asked) this.asked = this.supply(materialise);
    return this.asked;
  }
}
