import type { KafkaLogSettings } from "../options.ts";
import { Deadline } from "../transport/deadline.ts";
import { Links } from "../transport/links.ts";
import { AnyBroker } from "./any-broker.ts";
import { Coordinators } from "./coordinators.ts";
import { OffsetAsks } from "./offset-asks.ts";
import { TopicMap } from "./topic-map.ts";

/** Everything that the operations of a log share: sockets, and who leads and coordinates what. */
export class Cluster {
  readonly settings: KafkaLogSettings;
  readonly links: Links;
  readonly anyBroker: AnyBroker;
  readonly topics: TopicMap;
  readonly coordinators: Coordinators;
  readonly offsetAsks = new OffsetAsks();

  constructor(settings: KafkaLogSettings) {
    this.settings = settings;
    this.links = new Links(settings);
    this.anyBroker = new AnyBroker(this.links, settings.brokers);
    this.topics = new TopicMap(this.anyBroker);
    this.coordinators = new Coordinators(this.anyBroker);
  }

  /** The deadline of a call that brings none. */
  callDeadline(): Deadline {
    return new Deadline(this.settings.callTimeoutMs);
  }
}
