import { type PartitionKey, partitionKey, type TopicPartition } from "../../../core/ids.ts";
import { type ListOffsetsAnswer, type ListOffsetsFields, listOffsetsRequest } from "../api/list-offsets.ts";
import { type Deadline, withinDeadline } from "../transport/deadline.ts";
import type { Link } from "../transport/link.ts";
import { LostRequest } from "../transport/lost-request.ts";

/** A request that has not been sent. */
interface NextAsk {
  readonly partitions: Map<PartitionKey, TopicPartition>;
  /** The latest of those who wait for it. */
  deadline: Deadline;
  readonly done: Promise<ListOffsetsAnswer>;
}

/** Asks of one kind to one broker. */
interface Line {
  asking: Promise<unknown> | undefined;
  next: NextAsk | undefined;
}

/**
 * ListOffsets requests of a log. Those for begins and ends of one kind that come while one is under way to the same broker go together as the next: the pins
 * of a worker start side by side and ask for the same few things, and a broker works through the requests of a connection one by one.
 *
 * An answer is never older than the call that gets it.
 */
export class OffsetAsks {
  private readonly lines = new WeakMap<Link, Map<string, Line>>();

  /** @returns an answer that has at least the partitions that were asked for. @throws {LostRequest} */
  ask(link: Link, fields: ListOffsetsFields, deadline: Deadline): Promise<ListOffsetsAnswer> {
    // Times are seldom the same twice: a line of each would stay for nothing.
    if (fields.timestampMs >= 0) return link.send(listOffsetsRequest(fields), { deadline });
    const line = this.line(link, `${fields.timestampMs} ${fields.committedOnly}`);
    if (line.asking === undefined) return this.begin(line, () => link.send(listOffsetsRequest(fields), { deadline }));
    line.next ??= this.nextOn(line, { link, fields, deadline });
    const { next } = line;
    for (const each of fields.partitions) next.partitions.set(partitionKey(each.topic, each.partition), each);
    if (deadline.remainingMs > next.deadline.remainingMs) next.deadline = deadline;
    const late = () =>
      new LostRequest(link.address, "no answer to ListOffsets in time", { sent: false, timedOut: true });
    return withinDeadline(next.done, deadline, late);
  }

  private line(link: Link, kind: string): Line {
    const lines = this.lines.get(link) ?? new Map<string, Line>();
    this.lines.set(link, lines);
    const line = lines.get(kind) ?? { asking: undefined, next: undefined };
    lines.set(kind, line);
    return line;
  }

  private nextOn(line: Line, call: { link: Link; fields: ListOffsetsFields; deadline: Deadline }): NextAsk {
    const partitions = new Map<PartitionKey, TopicPartition>();
    const begin = () => {
      line.next = undefined;
      const request = listOffsetsRequest({ ...call.fields, partitions: [...partitions.values()] });
      return this.begin(line, () => call.link.send(request, { deadline: next.deadline }));
    };
    const next: NextAsk = {
      partitions,
      deadline: call.deadline,
      done: (line.asking as Promise<unknown>).then(begin, begin),
    };
    next.done.catch(() => {}); // a caller whose deadline has passed does not hear of it
    return next;
  }

  private begin(line: Line, send: () => Promise<ListOffsetsAnswer>): Promise<ListOffsetsAnswer> {
    const asking = send().finally(() => {
      if (line.asking === asking) line.asking = undefined;
    });
    line.asking = asking;
    return asking;
  }
}
