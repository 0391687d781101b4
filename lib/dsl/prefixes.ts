/** Prefixes of generated names. @source Kafka Streams `KStreamImpl`, `KTableImpl` */
export const prefixes = {
  source: "KSTREAM-SOURCE-",
  filter: "KSTREAM-FILTER-",
  map: "KSTREAM-MAP-",
  mapValues: "KSTREAM-MAPVALUES-",
  flatMap: "KSTREAM-FLATMAP-",
  flatMapValues: "KSTREAM-FLATMAPVALUES-",
  keySelect: "KSTREAM-KEY-SELECT-",
  peek: "KSTREAM-PEEK-",
  merge: "KSTREAM-MERGE-",
  sink: "KSTREAM-SINK-",
  aggregate: "KSTREAM-AGGREGATE-",
  reduce: "KSTREAM-REDUCE-",
  tableSource: "KTABLE-SOURCE-",
  tableFilter: "KTABLE-FILTER-",
  tableMapValues: "KTABLE-MAPVALUES-",
  toStream: "KTABLE-TOSTREAM-",
} as const;
