import type { Operator } from "../topology/operator.ts";

/**
 * Forwards everything: a node where streams come together (`merge`). Order is kept within each input, not between them.
 *
 * @source Kafka Streams `PassThrough`
 */
export const passThrough: Operator = Object.freeze<Operator>({ kind: "pass-through", create: ({ next }) => next });
