package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.internals.InternalTopicConfig;
import org.apache.kafka.streams.processor.internals.InternalTopologyBuilder;
import org.apache.kafka.streams.processor.internals.ProcessorTopology;
import org.apache.kafka.streams.processor.internals.SourceNode;
import org.apache.kafka.streams.processor.internals.StoreFactory;
import org.apache.kafka.streams.processor.internals.TopologyMetadata;
import org.apache.kafka.streams.state.StateSerdes;
import org.apache.kafka.streams.state.internals.WrappedStateStore;

/** Records the names and bytes of one case: describe(), subtopologies, internal topics and what is written to them. */
final class Wire {
    static final long SEED = 1;
    private static final HexFormat HEX = HexFormat.of();

    private Wire() { }

    /** The driver's map of produced records; it also keeps one list over all topics in the order of writing. */
    private static final class Log extends HashMap<String, Queue<ProducerRecord<byte[], byte[]>>> {
        private final List<ProducerRecord<byte[], byte[]>> all = new ArrayList<>();

        @Override
        public Queue<ProducerRecord<byte[], byte[]>> computeIfAbsent(
                final String topic, final Function<? super String, ? extends Queue<ProducerRecord<byte[], byte[]>>> ignored) {
            return super.computeIfAbsent(topic, t -> new LinkedList<>() {
                @Override
                public boolean add(final ProducerRecord<byte[], byte[]> r) {
                    all.add(r);
                    return true;
                }
            });
        }

        List<ProducerRecord<byte[], byte[]>> drain() {
            final List<ProducerRecord<byte[], byte[]>> l = List.copyOf(all);
            all.clear();
            return l;
        }
    }

    /** One record written to a topic, and the step during which it was written. */
    record Written(int step, ProducerRecord<byte[], byte[]> rec) { }

    /** What to do with a driver after the steps were piped into it. */
    private interface Then<T> {
        T apply(TopologyTestDriver driver, Properties props, List<Written> written);
    }

    static String run(final Case c) {
        return run(c, Runner.steps(c, SEED), (driver, props, written) ->
            render(c, describe(c, props), driver, new StreamsConfig(props), written));
    }

    /** The text of describe(); the only part that differs between two runs is the identity of a topic name extractor. */
    static String describe(final Case c, final Properties props) {
        return c.topology.build(props).describe().toString().replaceAll("\\(extractor class: [^)]*\\)", "(extractor class: <extractor>)");
    }

    private static <T> T run(final Case c, final List<Step> steps, final Then<T> then) {
        Path dir = null;
        try {
            dir = Files.createTempDirectory("oracle");
            final Properties props = Runner.properties(c, dir);
            try (TopologyTestDriver driver =
                     new TopologyTestDriver(c.topology.build(props), props, Instant.ofEpochMilli(0))) {
                final Log log = attach(driver);
                final Runner.Feeder feeder = new Runner.Feeder(c, driver);
                final List<Written> written = new ArrayList<>();
                for (int i = 0; i < steps.size(); i++) {
                    feeder.apply(steps.get(i));
                    for (final ProducerRecord<byte[], byte[]> r : log.drain()) {
                        written.add(new Written(i, r));
                    }
                }
                return then.apply(driver, props, written);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            Runner.deleteTree(dir);
        }
    }

    /** Replaces the driver's output map by a logging one. */
    private static Log attach(final TopologyTestDriver driver) {
        try {
            final Field f = TopologyTestDriver.class.getDeclaredField("outputRecordsByTopic");
            f.setAccessible(true);
            if (!((Map<?, ?>) f.get(driver)).isEmpty()) {
                throw new IllegalStateException("the driver has already written records");
            }
            final Log log = new Log();
            f.set(driver, log);
            return log;
        } catch (final ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String render(final Case c, final String describe, final TopologyTestDriver driver,
                                 final StreamsConfig config, final List<Written> written) {
        final InternalTopologyBuilder itb = get(driver, "internalTopologyBuilder");
        final ProcessorTopology topology = get(driver, "processorTopology");
        final ProcessorTopology global = get(driver, "globalTopology");
        final Map<String, String> storeToChangelog = topology == null ? Map.of() : topology.storeToChangelogTopic();
        final Map<String, StateStore> stores = driver.getAllStateStores();
        final Map<String, String> defaults = new HashMap<>();
        config.originalsWithPrefix(StreamsConfig.TOPIC_PREFIX).forEach((k, v) -> defaults.put(k, String.valueOf(v)));
        final long additional = config.getLong(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG);

        final ArrayNode subtopologies = Json.MAPPER.createArrayNode();
        final Map<String, ObjectNode> topics = new TreeMap<>();
        final Map<String, ObjectNode> serdes = new TreeMap<>();
        final Map<Integer, InternalTopologyBuilder.TopicsInfo> infos = new TreeMap<>();
        itb.subtopologyToTopicsInfo().forEach((sub, info) -> infos.put(Wire.<Integer>get(sub, "nodeGroupId"), info));
        infos.forEach((id, info) -> {
            final ObjectNode n = Json.obj("id", id);
            n.set("sourceTopics", names(info.sourceTopics));
            n.set("sinkTopics", names(info.sinkTopics));
            n.set("repartitionTopics", names(info.repartitionSourceTopics.keySet()));
            n.set("changelogTopics", names(info.stateChangelogTopics.keySet()));
            final ArrayNode storeNodes = n.putArray("stores");
            for (final String s : new TreeSet<>(itb.stateStoreNamesForSubtopology(id))) {
                final StoreFactory f = itb.stateStores().get(s);
                final ObjectNode node = Json.obj("name", s, "type", type(stores.get(s)), "changelog", storeToChangelog.get(s));
                if (f != null && f.isVersionedStore()) {
                    node.set("historyRetentionMs", Fmt.render(f.historyRetention()));
                } else if (f != null && f.isWindowStore()) {
                    node.set("retentionMs", Fmt.render(f.retentionPeriod()));
                }
                storeNodes.add(node);
            }
            subtopologies.add(n);
            info.repartitionSourceTopics.forEach((t, cfg) -> {
                final SourceNode<?, ?> source = topology.source(t);
                final Object valueDeserializer = get(source, "valDeserializer");
                final String kind = valueDeserializer.getClass().getName().contains("SubscriptionWrapperDeserializer") ? "fkSubscription"
                    : valueDeserializer.getClass().getName().contains("SubscriptionResponseWrapperDeserializer") ? "fkResponse"
                    : "repartition";
                topics.put(t, topic(kind, null, cfg, defaults, additional, written));
                serdes.put(t, Json.obj("key", label(get(source, "keyDeserializer")), "value", label(valueDeserializer)));
            });
            info.stateChangelogTopics.forEach((t, cfg) -> {
                final String store = storeToChangelog.entrySet().stream().filter(e -> e.getValue().equals(t))
                    .map(Map.Entry::getKey).sorted().collect(Collectors.joining(","));
                topics.put(t, topic("changelog", store, cfg, defaults, additional, written));
                serdes.put(t, changelogSerdes(stores.get(store)));
            });
        });

        final ArrayNode globals = Json.MAPPER.createArrayNode();
        if (global != null) {
            new TreeMap<>(global.storeToChangelogTopic()).forEach((s, t) ->
                globals.add(Json.obj("name", s, "type", type(stores.get(s)), "topic", t)));
        }
        final List<String> groups = itb.copartitionGroups().stream().map(g -> Json.text(names(g))).sorted().toList();

        final StringBuilder sb = new StringBuilder();
        sb.append("{\"case\":\"").append(c.name).append("\",\"kafkaStreams\":\"").append(Runner.kafkaVersion()).append("\",");
        sb.append("\"application.id\":\"").append(config.getString(StreamsConfig.APPLICATION_ID_CONFIG)).append("\",");
        sb.append("\"seed\":").append(SEED).append(",\n");
        sb.append("\"describe\":").append(Json.text(Json.MAPPER.valueToTree(describe))).append(",\n");
        lines(sb, "subtopologies", subtopologies);
        sb.append("\"globalStores\":").append(Json.text(globals)).append(",\n");
        sb.append("\"copartitionGroups\":[").append(String.join(",", groups)).append("],\n");
        object(sb, "internalTopics", topics);
        object(sb, "serdes", serdes);
        sb.append("\"internalRecords\":[");
        boolean first = true;
        for (final Written w : written) {
            if (!topics.containsKey(w.rec().topic())) {
                if (!c.outputs.containsKey(w.rec().topic()) && !c.inputs.containsKey(w.rec().topic())) {
                    throw new IllegalStateException("unknown topic " + w.rec().topic());
                }
                continue;
            }
            sb.append(first ? "\n" : ",\n").append(Json.text(row(w)));
            first = false;
        }
        return sb.append("]}\n").toString();
    }

    private static ObjectNode topic(final String kind, final String store, final InternalTopicConfig cfg,
                                    final Map<String, String> defaults, final long additional, final List<Written> written) {
        final ObjectNode n = Json.obj("kind", kind);
        if (store != null) {
            n.put("store", store);
        }
        cfg.numberOfPartitions().ifPresent(p -> n.put("partitions", p));
        // How the record's partition is chosen: set by Streams (the task's partition, or a StreamPartitioner) or left to the producer.
        final Set<String> modes = written.stream().filter(w -> w.rec().topic().equals(cfg.name()))
            .map(w -> w.rec().partition() == null ? "producer" : "streams").collect(Collectors.toCollection(TreeSet::new));
        n.put("partitionBy", modes.isEmpty() ? null : String.join("+", modes));
        n.set("config", Json.MAPPER.valueToTree(new TreeMap<>(cfg.properties(defaults, additional))));
        return n;
    }

    static ArrayNode row(final Written w) {
        final ProducerRecord<byte[], byte[]> r = w.rec();
        if (r.partition() != null && r.partition() != 0) {
            throw new IllegalStateException("partition " + r.partition());
        }
        final ArrayNode n = Json.MAPPER.createArrayNode().add(w.step()).add(r.topic());
        n.add(hex(r.key())).add(hex(r.value())).add(r.timestamp());
        if (r.headers().iterator().hasNext()) {
            final ArrayNode hs = n.addArray();
            for (final Header h : r.headers()) {
                hs.add(Json.arr(h.key(), hex(h.value())));
            }
        }
        return n;
    }

    static String hex(final byte[] b) {
        return b == null ? null : HEX.formatHex(b);
    }

    private static ArrayNode names(final Collection<String> c) {
        final ArrayNode a = Json.MAPPER.createArrayNode();
        c.stream().sorted().forEach(a::add);
        return a;
    }

    private static void lines(final StringBuilder sb, final String name, final Iterable<? extends JsonNode> rows) {
        sb.append('"').append(name).append("\":[");
        String sep = "\n";
        for (final JsonNode r : rows) {
            sb.append(sep).append(Json.text(r));
            sep = ",\n";
        }
        sb.append("],\n");
    }

    private static void object(final StringBuilder sb, final String name, final Map<String, ? extends JsonNode> rows) {
        sb.append('"').append(name).append("\":{");
        String sep = "\n";
        for (final Map.Entry<String, ? extends JsonNode> e : rows.entrySet()) {
            sb.append(sep).append(Json.text(Json.MAPPER.valueToTree(e.getKey()))).append(':').append(Json.text(e.getValue()));
            sep = ",\n";
        }
        sb.append("},\n");
    }

    private static String chain(final StateStore store) {
        final StringBuilder sb = new StringBuilder();
        StateStore s = store;
        while (true) {
            sb.append(s.getClass().getSimpleName());
            if (!(s instanceof WrappedStateStore<?, ?, ?> w)) {
                return sb.toString();
            }
            sb.append('>');
            s = w.wrapped();
        }
    }

    private static String type(final StateStore store) {
        final String chain = chain(store);
        if (chain.contains("ListValueStore")) {
            return "joinSideList";
        }
        final String outer = store.getClass().getSimpleName();
        if (outer.startsWith("MeteredTimestampedKeyValueStore") && label(storeSerdes(store).valueSerde().serializer()).contains("fkSubscription")) {
            return "fkSubscriptions";
        }
        return switch (outer) {
            case "MeteredKeyValueStore" -> "keyValue";
            case "MeteredTimestampedKeyValueStore" -> "timestampedKeyValue";
            case "MeteredWindowStore" -> "window";
            case "MeteredTimestampedWindowStore" -> "timestampedWindow";
            // Stream-stream joins only (with the default dsl.store.format).
            case "MeteredTimestampedWindowStoreWithHeaders" -> "joinWindow";
            case "MeteredSessionStore" -> "session";
            case "MeteredVersionedKeyValueStore" -> "versioned";
            case "InMemoryTimeOrderedKeyValueChangeBuffer" -> "suppressBuffer";
            case "RocksDBTimeOrderedKeyValueBuffer" -> "timeOrderedBuffer";
            default -> throw new IllegalStateException("store " + chain);
        };
    }

    private static StateSerdes<?, ?> storeSerdes(final StateStore store) {
        return get(store, "serdes");
    }

    private static ObjectNode changelogSerdes(final StateStore store) {
        final String type = type(store);
        final Serde<?> k;
        final Object v;
        switch (type) {
            case "suppressBuffer" -> {
                k = get(store, "keySerde");
                v = Wire.<Serde<?>>get(get(store, "valueSerde"), "inner").serializer();
            }
            case "timeOrderedBuffer" -> {
                k = get(store, "keySerde");
                v = Wire.<Serde<?>>get(store, "valueSerde").serializer();
            }
            case "versioned" -> {
                final StateSerdes<?, ?> s = get(get(store, "internal"), "plainValueSerdes");
                k = s.keySerde();
                v = s.valueSerde().serializer();
            }
            default -> {
                k = storeSerdes(store).keySerde();
                v = storeSerdes(store).valueSerde().serializer();
            }
        }
        final String key = label(k.serializer());
        final String value = label(v);
        return switch (type) {
            case "keyValue", "timestampedKeyValue", "versioned", "fkSubscriptions" -> Json.obj("key", key, "value", value);
            case "window", "timestampedWindow", "joinWindow" -> Json.obj("key", "windowKey(" + key + ")", "value", value);
            case "session" -> Json.obj("key", "sessionKey(" + key + ")", "value", value);
            case "joinSideList" -> Json.obj("key", key, "value", "list(" + value + ")");
            case "suppressBuffer" -> Json.obj("key", key, "value", "bufferValue(" + value + ")+time");
            case "timeOrderedBuffer" -> Json.obj("key", "timeFirstKey(" + key + ")", "value", "bufferValue(" + value + ")+time");
            default -> throw new IllegalStateException(type);
        };
    }

    /** The name that FORMAT.md gives to the format of a serializer or deserializer. */
    private static String label(final Object s) {
        if (s == Json.SERDE.serializer() || s == Json.SERDE.deserializer()) {
            return "json";
        }
        if (s instanceof StringSerializer || s instanceof StringDeserializer) {
            return "string";
        }
        if (s instanceof LongSerializer || s instanceof LongDeserializer) {
            return "int64";
        }
        if (s instanceof ByteArraySerializer || s instanceof ByteArrayDeserializer) {
            return "bytes";
        }
        final String name = s.getClass().getSimpleName();
        return switch (name) {
            case "ChangedSerializer", "ChangedDeserializer" -> "changed(" + label(get(s, "inner")) + ")";
            // Store values: the timestamp is not part of the changelog value.
            case "ValueAndTimestampSerializer", "ValueTimestampHeadersSerializer" -> label(get(s, "valueSerializer"));
            case "TimeWindowedSerializer", "TimeWindowedDeserializer" -> "timeWindowed(" + label(get(s, "inner")) + ")";
            case "SessionWindowedSerializer", "SessionWindowedDeserializer" -> "sessionWindowed(" + label(get(s, "inner")) + ")";
            case "SubscriptionWrapperSerializer" -> "fkSubscription(" + label(get(s, "primaryKeySerializer")) + ")";
            case "SubscriptionWrapperDeserializer" -> "fkSubscription(" + label(get(s, "primaryKeyDeserializer")) + ")";
            case "SubscriptionResponseWrapperDeserializer" -> "fkResponse(" + label(get(s, "deserializer")) + ")";
            case "TimestampedKeyAndJoinSideSerializer" -> "joinSideKey(" + label(get(s, "keySerializer")) + ")";
            case "LeftOrRightValueSerializer" ->
                "leftOrRight(" + label(get(s, "leftSerializer")) + "," + label(get(s, "rightSerializer")) + ")";
            case "BytesSerializer" -> "combinedKey";
            default -> throw new IllegalStateException("serializer " + s.getClass().getName());
        };
    }

    /** A field of an object, private or inherited. */
    @SuppressWarnings("unchecked")
    static <T> T get(final Object o, final String field) {
        for (Class<?> k = o.getClass(); k != null; k = k.getSuperclass()) {
            try {
                final Field f = k.getDeclaredField(field);
                f.setAccessible(true);
                return (T) f.get(o);
            } catch (final NoSuchFieldException e) {
                // look in the superclass
            } catch (final IllegalAccessException e) {
                throw new IllegalStateException(e);
            }
        }
        throw new IllegalStateException(o.getClass() + " has no field " + field);
    }
}
