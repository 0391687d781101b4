package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * Builds the topology that a composition describes: the JSON language of {@code compositions/language.ts}, whose other
 * interpreter is {@code compositions/interpret.ts}. Values are String or Long, keys String or Windowed.
 */
final class Composition {
    private static final Serde<String> STR = Serdes.String();
    private static final Duration HOUR = Duration.ofHours(1);

    private final StreamsBuilder builder;
    private final List<Object> built = new ArrayList<>();
    private final List<JsonNode> nodes = new ArrayList<>();

    private Composition(final StreamsBuilder builder) {
        this.builder = builder;
    }

    /** The composition as a case: topics, stores, configuration, topology and steps. */
    static Case caseOf(final JsonNode composition) {
        final Case c = new Case("Compositions", composition.get("case").asText());
        composition.get("config").properties().forEach(e -> c.config(e.getKey(), e.getValue().isNumber()
            ? (Object) e.getValue().asLong() : e.getValue().asText()));
        composition.get("inputs").properties().forEach(e -> c.in(e.getKey(), format(e.getValue(), "key"), format(e.getValue(), "value")));
        composition.get("outputTopics").properties()
            .forEach(e -> c.out(e.getKey(), format(e.getValue(), "key"), format(e.getValue(), "value")));
        composition.get("stores").properties().forEach(e -> c.store(e.getKey(), Case.StoreKind.of(e.getValue().asText())));
        return c.dsl(b -> {
            final Composition composed = new Composition(b);
            composition.get("nodes").forEach(composed::add);
        }).gen(g -> composition.get("steps").forEach(step -> g.pipe(step.get("topic").asText(),
            text(step, "key"), text(step, "value"), step.get("timestamp").asLong())));
    }

    private static Fmt format(final JsonNode topic, final String part) {
        return "int64".equals(topic.get(part).asText()) ? Fmt.LONG : Fmt.STRING;
    }

    private static String text(final JsonNode n, final String field) {
        final JsonNode v = n.get(field);
        return v == null || v.isNull() ? null : v.asText();
    }

    private void add(final JsonNode n) {
        built.add(build(n));
        nodes.add(n);
    }

    private Object build(final JsonNode n) {
        final String op = n.get("op").asText();
        return switch (op) {
            case "stream" -> builder.stream(text(n, "topic"), Consumed.with(STR, STR));
            case "table" -> n.has("history") ? builder.table(text(n, "topic"), Consumed.with(STR, STR),
                Materialized.<String, String>as(Stores.persistentVersionedKeyValueStore(store(n), ms(n, "history"))).withKeySerde(STR).withValueSerde(STR))
                : store(n) == null ? builder.table(text(n, "topic"), Consumed.with(STR, STR))
                : builder.table(text(n, "topic"), Consumed.with(STR, STR), Materialized.as(store(n)));
            case "globalTable" -> builder.globalTable(text(n, "topic"), Consumed.with(STR, STR),
                Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as(store(n)).withKeySerde(STR).withValueSerde(STR));
            case "filter" -> stream(n).filter((k, v) -> passes(n, k, v));
            case "filterNot" -> stream(n).filterNot((k, v) -> passes(n, k, v));
            case "branch" -> stream(n).split(Named.as(n.get("name").asText())).branch((k, v) -> passes(n, k, v), Branched.as("a"))
                .defaultBranch(Branched.as("b")).get(n.get("name").asText() + n.get("take").asText());
            case "mapValues" -> stream(n).mapValues((k, v) -> mapped(n, k, v));
            case "flatMapValues" -> stream(n).flatMapValues((k, v) -> twice(v, mapped(n, k, v)));
            case "selectKey" -> stream(n).selectKey((k, v) -> selected(n, k, v));
            case "map" -> stream(n).map((k, v) -> KeyValue.pair(selected(n, k, v), mapped(n, k, v)));
            case "flatMap" -> stream(n).flatMap((k, v) -> List.of(KeyValue.pair(selected(n, k, v), mapped(n, k, v)),
                KeyValue.pair(k, mapped(n, k, v))));
            case "repartition" -> stream(n).repartition(Repartitioned.with(STR, value(n)));
            case "peek" -> stream(n).peek((k, v) -> { });
            case "merge" -> stream(n).merge(streamWith(n));
            case "process" -> process(n);
            case "toTable" -> stream(n).toTable(store(n) == null ? Materialized.with(STR, value(n)) : kept(n));
            case "fold" -> fold(n);
            case "cogroup" -> cogroup(n);
            case "joinStream" -> joinStream(n);
            case "joinTable" -> inner(n)
                ? stream(n).join(this.<String>tableWith(n), (k, a, b) -> joined(a, b), joinedWith(n))
                : stream(n).leftJoin(this.<String>tableWith(n), (k, a, b) -> joined(a, b), joinedWith(n));
            case "joinGlobal" -> inner(n)
                ? stream(n).join(globalWith(n), (k, v) -> selected(n, k, v), (a, b) -> joined(a, b))
                : stream(n).leftJoin(globalWith(n), (k, v) -> selected(n, k, v), (a, b) -> joined(a, b));
            case "filterTable" -> store(n) == null ? table(n).filter((k, v) -> passes(n, k, v)) : table(n).filter((k, v) -> passes(n, k, v), kept(n));
            case "filterNotTable" -> store(n) == null ? table(n).filterNot((k, v) -> passes(n, k, v))
                : table(n).filterNot((k, v) -> passes(n, k, v), kept(n));
            case "mapTable" -> store(n) == null ? table(n).mapValues((k, v) -> mapped(n, k, v)) : table(n).mapValues((k, v) -> mapped(n, k, v), kept(n));
            case "transformTable" -> store(n) == null ? table(n).transformValues(() -> transformer(n)) : table(n).transformValues(() -> transformer(n), kept(n));
            case "groupTable" -> groupTable(n);
            case "joinTables" -> joinTables(n);
            case "joinForeign" -> joinForeign(n);
            case "suppress" -> suppress(n);
            case "toStream" -> n.get("windowed").asBoolean() || !nodes.get(n.get("of").asInt()).get("windowed").asBoolean() ? table(n).toStream()
                : table(n).toStream().selectKey((k, v) -> keyText(k));
            case "to" -> {
                stream(n).to(text(n, "topic"), Produced.with(STR, valueOf(n, "of")));
                yield "sink";
            }
            default -> throw new IllegalArgumentException("operation " + op);
        };
    }

    private Object process(final JsonNode n) {
        final String name = text(n, "name");
        builder.addStateStore(Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), STR, Serdes.Long()));
        return stream(n).process(() -> new Processor<String, Object, String, Object>() {
            private ProcessorContext<String, Object> context;
            private KeyValueStore<String, Long> counts;

            @Override
            public void init(final ProcessorContext<String, Object> c) {
                context = c;
                counts = c.getStateStore(name);
                if (n.has("every")) {
                    c.schedule(ms(n, "every"), PunctuationType.STREAM_TIME, t -> {
                        try (KeyValueIterator<String, Long> all = counts.all()) {
                            all.forEachRemaining(e -> context.forward(new Record<>(e.key, cut(e.value + "@" + t), t)));
                        }
                    });
                }
            }

            @Override
            public void process(final Record<String, Object> r) {
                final String key = str(r.key());
                final Long before = counts.get(key);
                final long count = before == null ? 1 : before + 1;
                counts.put(key, count % 4 == 0 ? null : (Long) count);
                context.forward(r.withValue(cut(str(r.value()) + "#" + count)));
            }
        }, name);
    }

    private Joined<String, Object, Object> joinedWith(final JsonNode n) {
        final Joined<String, Object, Object> with = Joined.with(STR, valueOf(n, "of"), valueOf(n, "with"));
        return n.has("grace") ? with.withGracePeriod(ms(n, "grace")) : with;
    }

    private static ValueTransformerWithKey<Object, Object, Object> transformer(final JsonNode n) {
        return new ValueTransformerWithKey<>() {
            @Override
            public void init(final org.apache.kafka.streams.processor.ProcessorContext c) { }

            @Override
            public Object transform(final Object key, final Object value) {
                return mapped(n, key, value);
            }

            @Override
            public void close() { }
        };
    }

    private Object fold(final JsonNode n) {
        final Serde<Object> before = valueOf(n, "of");
        final JsonNode by = n.get("by");
        final KGroupedStream<String, Object> grouped = by.isNull() ? stream(n).groupByKey(Grouped.with(STR, before))
            : stream(n).groupBy((k, v) -> select(by.asText(), k, v), Grouped.with(STR, before));
        final String fold = text(n, "fold");
        final JsonNode w = n.get("windows");
        if (w.isNull()) {
            return switch (fold) {
                case "count" -> store(n) == null ? grouped.count() : grouped.count(this.<Long, KeyValueStore<Bytes, byte[]>>materialized(n, w));
                case "reduce" -> grouped.reduce(Composition::reduced, this.<Object, KeyValueStore<Bytes, byte[]>>materialized(n, w));
                default -> grouped.aggregate(() -> "", (k, v, a) -> aggregated(v, a), this.<Object, KeyValueStore<Bytes, byte[]>>materialized(n, w));
            };
        }
        if ("session".equals(text(w, "kind"))) {
            final var windowed = grouped.windowedBy(sessions(w)).emitStrategy(emit(w));
            return switch (fold) {
                case "count" -> store(n) == null ? windowed.count() : windowed.count(this.<Long, SessionStore<Bytes, byte[]>>materialized(n, w));
                case "reduce" -> windowed.reduce(Composition::reduced, this.<Object, SessionStore<Bytes, byte[]>>materialized(n, w));
                default -> windowed.aggregate(() -> "", (k, v, a) -> aggregated(v, a), (k, a, b) -> cut(str(a) + "|" + str(b)),
                    this.<Object, SessionStore<Bytes, byte[]>>materialized(n, w));
            };
        }
        final var windowed = ("sliding".equals(text(w, "kind")) ? grouped.windowedBy(sliding(w)) : grouped.windowedBy(fixed(w))).emitStrategy(emit(w));
        return switch (fold) {
            case "count" -> store(n) == null ? windowed.count() : windowed.count(this.<Long, WindowStore<Bytes, byte[]>>materialized(n, w));
            case "reduce" -> windowed.reduce(Composition::reduced, this.<Object, WindowStore<Bytes, byte[]>>materialized(n, w));
            default -> windowed.aggregate(() -> "", (k, v, a) -> aggregated(v, a), this.<Object, WindowStore<Bytes, byte[]>>materialized(n, w));
        };
    }

    private Object cogroup(final JsonNode n) {
        final var cogrouped = stream(n).groupByKey(Grouped.with(STR, valueOf(n, "of"))).<Object>cogroup((k, v, a) -> aggregated(v, a))
            .cogroup(streamWith(n).groupByKey(Grouped.with(STR, valueOf(n, "with"))), (k, v, a) -> cut(str(a) + ":" + first(str(v))));
        final JsonNode w = n.get("windows");
        if (w.isNull()) {
            return cogrouped.aggregate(() -> "", this.<Object, KeyValueStore<Bytes, byte[]>>materialized(n, w));
        }
        if ("session".equals(text(w, "kind"))) {
            return cogrouped.windowedBy(sessions(w)).aggregate(() -> "", (k, a, b) -> cut(str(a) + "|" + str(b)),
                this.<Object, SessionStore<Bytes, byte[]>>materialized(n, w));
        }
        return ("sliding".equals(text(w, "kind")) ? cogrouped.windowedBy(sliding(w)) : cogrouped.windowedBy(fixed(w)))
            .aggregate(() -> "", this.<Object, WindowStore<Bytes, byte[]>>materialized(n, w));
    }

    private Object joinStream(final JsonNode n) {
        final JoinWindows w = JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(Math.max(n.get("before").asLong(), n.get("after").asLong())),
            ms(n, "grace")).before(ms(n, "before")).after(ms(n, "after"));
        final StreamJoined<String, Object, Object> with = StreamJoined.with(STR, valueOf(n, "of"), valueOf(n, "with"));
        return switch (text(n, "kind")) {
            case "inner" -> stream(n).join(streamWith(n), (a, b) -> joined(a, b), w, with);
            case "left" -> stream(n).leftJoin(streamWith(n), (a, b) -> joined(a, b), w, with);
            default -> stream(n).outerJoin(streamWith(n), (a, b) -> joined(a, b), w, with);
        };
    }

    private Object groupTable(final JsonNode n) {
        final KGroupedTable<String, Object> grouped = table(n).groupBy((k, v) -> KeyValue.pair(selected(n, k, v), mapped(n, k, v)),
            Grouped.with(STR, "length".equals(text(n, "mapper")) ? serde(Fmt.LONG) : serde(Fmt.STRING)));
        final JsonNode none = n.get("by");
        return switch (text(n, "fold")) {
            case "count" -> store(n) == null ? grouped.count() : grouped.count(this.<Long, KeyValueStore<Bytes, byte[]>>materialized(n, none));
            case "reduce" -> grouped.reduce(Composition::reduced, Composition::subtracted, this.<Object, KeyValueStore<Bytes, byte[]>>materialized(n, none));
            default -> grouped.aggregate(() -> "", (k, v, a) -> aggregated(v, a), (k, v, a) -> cut(str(a) + "-" + first(str(v))),
                this.<Object, KeyValueStore<Bytes, byte[]>>materialized(n, none));
        };
    }

    private Object joinTables(final JsonNode n) {
        final KTable<Object, Object> a = table(n);
        final KTable<Object, Object> b = tableWith(n);
        final boolean keeps = store(n) != null;
        return switch (text(n, "kind")) {
            case "inner" -> keeps ? a.join(b, Composition::joined, kept(n)) : a.join(b, Composition::joined);
            case "left" -> keeps ? a.leftJoin(b, Composition::joined, kept(n)) : a.leftJoin(b, Composition::joined);
            default -> keeps ? a.outerJoin(b, Composition::joined, kept(n)) : a.outerJoin(b, Composition::joined);
        };
    }

    private Object joinForeign(final JsonNode n) {
        final KTable<String, Object> a = this.<String>at(n, "of");
        final KTable<String, Object> b = this.<String>at(n, "with");
        final Function<Object, String> foreignKey = v -> select(text(n, "selector"), null, v);
        if (store(n) == null) {
            return inner(n) ? a.<Object, String, Object>join(b, foreignKey, Composition::joined)
                : a.<Object, String, Object>leftJoin(b, foreignKey, Composition::joined);
        }
        return inner(n) ? a.<Object, String, Object>join(b, foreignKey, Composition::joined, kept(n))
            : a.<Object, String, Object>leftJoin(b, foreignKey, Composition::joined, kept(n));
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private Object suppress(final JsonNode n) {
        if ("close".equals(text(n, "until"))) {
            return ((KTable) table(n)).suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()));
        }
        final JsonNode max = n.get("maxRecords");
        return table(n).suppress(Suppressed.untilTimeLimit(ms(n, "ms"), max.isNull() ? BufferConfig.unbounded() : BufferConfig.maxRecords(max.asLong())));
    }

    private static Windows<? extends Window> fixed(final JsonNode w) {
        return "unlimited".equals(text(w, "kind")) ? UnlimitedWindows.of().startOn(java.time.Instant.ofEpochMilli(w.get("start").asLong())) : time(w);
    }

    private static TimeWindows time(final JsonNode w) {
        return TimeWindows.ofSizeAndGrace(ms(w, "size"), ms(w, "grace")).advanceBy(ms(w, "advance"));
    }

    private static SlidingWindows sliding(final JsonNode w) {
        return SlidingWindows.ofTimeDifferenceAndGrace(ms(w, "difference"), ms(w, "grace"));
    }

    private static SessionWindows sessions(final JsonNode w) {
        return SessionWindows.ofInactivityGapAndGrace(ms(w, "gap"), ms(w, "grace"));
    }

    private static EmitStrategy emit(final JsonNode w) {
        return w.get("final").asBoolean() ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate();
    }

    private static Duration ms(final JsonNode n, final String field) {
        return Duration.ofMillis(n.get(field).asLong());
    }

    /** As the node says: with a store's name or without, with the value's serde; final windows are kept for an hour. */
    @SuppressWarnings("unchecked")
    private <V, S extends org.apache.kafka.streams.processor.StateStore> Materialized<String, V, S> materialized(final JsonNode n, final JsonNode w) {
        final Serde<V> serde = (Serde<V>) value(n);
        final Materialized<String, V, S> m = store(n) == null ? Materialized.with(STR, serde)
            : Materialized.<String, V, S>as(store(n)).withKeySerde(STR).withValueSerde(serde);
        return w != null && !w.isNull() && w.get("final").asBoolean() ? m.withRetention(HOUR) : m;
    }

    @SuppressWarnings("unchecked")
    private <K> Materialized<K, Object, KeyValueStore<Bytes, byte[]>> kept(final JsonNode n) {
        return Materialized.<K, Object, KeyValueStore<Bytes, byte[]>>as(store(n)).withKeySerde((Serde<K>) STR).withValueSerde(value(n));
    }

    private static boolean inner(final JsonNode n) {
        return "inner".equals(text(n, "kind"));
    }

    private static String store(final JsonNode n) {
        return text(n, "store");
    }

    @SuppressWarnings("unchecked")
    private static Serde<Object> serde(final Fmt format) {
        return (Serde<Object>) format.serde;
    }

    private static Serde<Object> value(final JsonNode n) {
        return serde(format(n, "value"));
    }

    private Serde<Object> valueOf(final JsonNode n, final String side) {
        return value(nodes.get(n.get(side).asInt()));
    }

    @SuppressWarnings("unchecked")
    private KStream<String, Object> stream(final JsonNode n) {
        return (KStream<String, Object>) built.get(n.get("of").asInt());
    }

    @SuppressWarnings("unchecked")
    private KStream<String, Object> streamWith(final JsonNode n) {
        return (KStream<String, Object>) built.get(n.get("with").asInt());
    }

    @SuppressWarnings("unchecked")
    private <K> KTable<K, Object> at(final JsonNode n, final String side) {
        return (KTable<K, Object>) built.get(n.get(side).asInt());
    }

    private KTable<Object, Object> table(final JsonNode n) {
        return at(n, "of");
    }

    private <K> KTable<K, Object> tableWith(final JsonNode n) {
        return at(n, "with");
    }

    @SuppressWarnings("unchecked")
    private GlobalKTable<String, Object> globalWith(final JsonNode n) {
        return (GlobalKTable<String, Object>) built.get(n.get("with").asInt());
    }

    static String str(final Object o) {
        return String.valueOf(o);
    }

    private static String keyText(final Object key) {
        return key instanceof Windowed<?> w ? w.key() + "@" + w.window().start() + "/" + w.window().end() : (String) key;
    }

    private static String cut(final String s) {
        return s.length() > 12 ? s.substring(s.length() - 12) : s;
    }

    private static String first(final String s) {
        return s.isEmpty() ? "-" : s.substring(0, 1);
    }

    private static boolean passes(final JsonNode n, final Object key, final Object value) {
        final String v = str(value);
        return switch (text(n, "predicate")) {
            case "long" -> v.length() > 3;
            case "early" -> v.compareTo("d") < 0;
            case "earlyKey" -> str(keyText(key)).compareTo("C") < 0;
            default -> v.length() % 2 == 1;
        };
    }

    private static String selected(final JsonNode n, final Object key, final Object value) {
        return select(text(n, "selector"), keyText(key), value);
    }

    private static String select(final String selector, final String key, final Object value) {
        final String v = str(value);
        return switch (selector) {
            case "initial" -> first(v);
            case "parity" -> v.length() % 2 == 1 ? "odd" : "even";
            case "sometimesNull" -> v.length() % 4 == 0 ? null : first(v);
            case "value" -> v;
            default -> key == null ? null : first(key);
        };
    }

    private static Object mapped(final JsonNode n, final Object key, final Object value) {
        final String v = str(value);
        return switch (text(n, "mapper")) {
            case "text" -> v;
            case "upper" -> v.toUpperCase(java.util.Locale.ROOT);
            case "initial" -> first(v);
            case "withKey" -> cut(str(keyText(key)) + "=" + v);
            case "sometimesNull" -> v.length() % 3 == 0 ? null : v;
            default -> (Long) (long) v.length();
        };
    }

    private static List<Object> twice(final Object value, final Object mapped) {
        final List<Object> both = new ArrayList<>();
        both.add(mapped);
        if (str(value).length() % 2 == 0) {
            both.add(mapped);
        }
        return both;
    }

    private static Object reduced(final Object a, final Object v) {
        return a instanceof Long || v instanceof Long ? (Object) (number(a) + number(v)) : cut(str(a) + "," + str(v));
    }

    private static Object subtracted(final Object a, final Object v) {
        return a instanceof Long || v instanceof Long ? (Object) (number(a) - number(v)) : cut(str(a) + ";" + str(v));
    }

    private static long number(final Object o) {
        return o == null ? 0 : (Long) o;
    }

    /** Deletes at "eel": then the next value starts anew. */
    private static Object aggregated(final Object value, final Object aggregate) {
        return "eel".equals(str(value)) ? null : cut(str(aggregate) + first(str(value)));
    }

    private static Object joined(final Object a, final Object b) {
        return cut(str(a) + "+" + str(b));
    }
}
