package millrace.oracle;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.query.MultiVersionedKeyQuery;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.VersionedRecord;
import org.apache.kafka.streams.state.VersionedRecordIterator;
import org.apache.kafka.streams.test.TestRecord;

/** Runs one case on one seed in a TopologyTestDriver and renders the vector file. */
public final class Runner {
    private static final List<String> VERSIONED_DUMP_KEYS = List.of("A", "B", "C", "D", "E", "F", "flush");

    private Runner() { }

    static String kafkaVersion() {
        return AppInfoParser.getVersion();
    }

    static Properties properties(final Case c, final Path stateDir) {
        final Properties p = new Properties();
        p.put(StreamsConfig.APPLICATION_ID_CONFIG, "oracle");
        p.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "dummy:1234");
        p.put(StreamsConfig.STATE_DIR_CONFIG, stateDir.toString());
        p.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        p.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        // Kafka throttles these two emissions by wall-clock time (1 s); off, so that results depend on records only.
        p.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
        p.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
        p.putAll(c.config);
        return p;
    }

    @SuppressWarnings("unchecked")
    private static <T> Serde<T> serde(final Fmt f) {
        return (Serde<T>) f.serde;
    }

    /** The inputs that a case has with a seed. */
    static List<Step> steps(final Case c, final long seed) {
        final Gen gen = new Gen(c.name, seed);
        c.generator.accept(gen);
        return gen.steps();
    }

    /** Returns the text of the vector file. */
    static String run(final Case c, final long seed) {
        final List<Step> steps = steps(c, seed);
        final List<String> outputs = new ArrayList<>();
        final List<String> stores = new ArrayList<>();
        Path dir = null;
        try {
            dir = Files.createTempDirectory("oracle");
            final Properties props = properties(c, dir);
            try (TopologyTestDriver driver =
                     new TopologyTestDriver(c.topology.build(props), props, Instant.ofEpochMilli(0))) {
                drive(c, driver, steps, outputs);
                for (final Map.Entry<String, Case.StoreKind> s : c.stores.entrySet()) {
                    stores.add(dumpStore(driver, s.getKey(), s.getValue()));
                }
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            deleteTree(dir);
        }
        return render(c, seed, steps, outputs, stores);
    }

    /** Pipes the steps of a case into a driver. */
    static final class Feeder {
        private final Case c;
        private final TopologyTestDriver driver;
        private final Map<String, TestInputTopic<Object, Object>> in = new java.util.HashMap<>();
        private final Map<String, TestInputTopic<byte[], byte[]>> rawIn = new java.util.HashMap<>();

        Feeder(final Case c, final TopologyTestDriver driver) {
            this.c = c;
            this.driver = driver;
            c.inputs.values().forEach(t -> in.put(t.name(), driver.createInputTopic(
                t.name(), Runner.<Object>serde(t.key()).serializer(), Runner.<Object>serde(t.value()).serializer())));
            c.inputs.values().forEach(t -> rawIn.put(t.name(),
                driver.createInputTopic(t.name(), new ByteArraySerializer(), new ByteArraySerializer())));
        }

        void apply(final Step s) {
            if (s.isAdvance()) {
                driver.advanceWallClockTime(Duration.ofMillis(s.advanceMs()));
            } else if (s.rawValue() != null) {
                final byte[] k = Runner.<Object>serde(c.inputs.get(s.topic()).key()).serializer().serialize(s.topic(), s.key());
                rawIn.get(s.topic()).pipeInput(k, s.rawValue().getBytes(StandardCharsets.UTF_8), s.timestamp());
            } else {
                in.get(s.topic()).pipeInput(new TestRecord<>(s.key(), s.value(), headers(s.headers()), s.timestamp()));
            }
        }
    }

    private static void drive(final Case c, final TopologyTestDriver driver, final List<Step> steps, final List<String> outputs) {
        final Feeder feeder = new Feeder(c, driver);
        final Map<String, TestOutputTopic<byte[], byte[]>> out = new java.util.LinkedHashMap<>();
        c.outputs.keySet().forEach(t -> out.put(t,
            driver.createOutputTopic(t, new ByteArrayDeserializer(), new ByteArrayDeserializer())));

        for (int i = 0; i < steps.size(); i++) {
            feeder.apply(steps.get(i));
            for (final Map.Entry<String, TestOutputTopic<byte[], byte[]>> o : out.entrySet()) {
                final Case.Topic t = c.outputs.get(o.getKey());
                for (final TestRecord<byte[], byte[]> r : o.getValue().readRecordsToList()) {
                    final ArrayNode line = Json.MAPPER.createArrayNode();
                    line.add(i).add(t.name());
                    line.add(Fmt.render(serde(t.key()).deserializer().deserialize(t.name(), r.key())));
                    line.add(Fmt.render(serde(t.value()).deserializer().deserialize(t.name(), r.value())));
                    line.add(r.timestamp());
                    if (r.headers() != null && r.headers().iterator().hasNext()) {
                        line.add(renderHeaders(r.headers()));
                    }
                    outputs.add(Json.text(line));
                }
            }
        }
    }

    private static RecordHeaders headers(final List<String[]> pairs) {
        final RecordHeaders h = new RecordHeaders();
        pairs.forEach(p -> h.add(p[0], p[1] == null ? null : p[1].getBytes(StandardCharsets.UTF_8)));
        return h;
    }

    private static ArrayNode renderHeaders(final Headers headers) {
        final ArrayNode a = Json.MAPPER.createArrayNode();
        for (final Header h : headers) {
            a.add(Json.arr(h.key(), h.value() == null ? null : new String(h.value(), StandardCharsets.UTF_8)));
        }
        return a;
    }

    private static String dumpStore(final TopologyTestDriver driver, final String name, final Case.StoreKind kind) {
        final List<ArrayNode> rows = new ArrayList<>();
        switch (kind) {
            case KEY_VALUE -> {
                try (KeyValueIterator<Object, Object> it = driver.getKeyValueStore(name).all()) {
                    it.forEachRemaining(e -> rows.add(row(e.key, e.value)));
                }
            }
            case TIMESTAMPED_KEY_VALUE -> {
                try (KeyValueIterator<Object, ValueAndTimestamp<Object>> it = driver.getTimestampedKeyValueStore(name).all()) {
                    it.forEachRemaining(e -> rows.add(row(e.key, e.value.value()).add(e.value.timestamp())));
                }
            }
            case WINDOW -> {
                try (KeyValueIterator<Windowed<Object>, Object> it = driver.getWindowStore(name).all()) {
                    it.forEachRemaining(e -> {
                        final ArrayNode r = Json.MAPPER.createArrayNode();
                        r.add(Fmt.render(e.key.key())).add(e.key.window().start()).add(Fmt.render(e.value));
                        rows.add(r);
                    });
                }
            }
            case TIMESTAMPED_WINDOW -> {
                try (KeyValueIterator<Windowed<Object>, ValueAndTimestamp<Object>> it =
                         driver.getTimestampedWindowStore(name).all()) {
                    it.forEachRemaining(e -> {
                        final ArrayNode r = Json.MAPPER.createArrayNode();
                        r.add(Fmt.render(e.key.key())).add(e.key.window().start())
                            .add(Fmt.render(e.value.value())).add(e.value.timestamp());
                        rows.add(r);
                    });
                }
            }
            case SESSION -> {
                final SessionStore<Object, Object> store = driver.getSessionStore(name);
                try (KeyValueIterator<Windowed<Object>, Object> it = store.findSessions(null, null, 0, Long.MAX_VALUE)) {
                    it.forEachRemaining(e -> {
                        final ArrayNode r = Json.MAPPER.createArrayNode();
                        r.add(Fmt.render(e.key.key())).add(e.key.window().start()).add(e.key.window().end())
                            .add(Fmt.render(e.value));
                        rows.add(r);
                    });
                }
            }
            case VERSIONED -> {
                for (final String key : VERSIONED_DUMP_KEYS) {
                    final MultiVersionedKeyQuery<String, Object> q =
                        MultiVersionedKeyQuery.<String, Object>withKey(key).withAscendingTimestamps();
                    try (VersionedRecordIterator<Object> it = driver.<String, Object>getVersionedKeyValueStore(name)
                            .query(q, PositionBound.unbounded(), new QueryConfig(false)).getResult()) {
                        while (it.hasNext()) {
                            final VersionedRecord<Object> r = it.next();
                            final ArrayNode n = row(key, r.value()).add(r.timestamp());
                            if (r.validTo().isPresent()) {
                                n.add(r.validTo().get());
                            } else {
                                n.addNull();
                            }
                            rows.add(n);
                        }
                    }
                }
            }
            case VERSIONED_LATEST -> {
                for (final String key : VERSIONED_DUMP_KEYS) {
                    final VersionedRecord<Object> r = driver.<String, Object>getVersionedKeyValueStore(name).get(key);
                    if (r != null) {
                        rows.add(row(key, r.value()).add(r.timestamp()));
                    }
                }
            }
            default -> throw new IllegalStateException();
        }
        rows.sort(ROW_ORDER);
        final StringBuilder sb = new StringBuilder();
        sb.append(Json.text(Json.MAPPER.valueToTree(name))).append(":{\"type\":\"").append(kind.label).append("\",\"entries\":[");
        for (int i = 0; i < rows.size(); i++) {
            sb.append(i == 0 ? "\n" : ",\n").append(Json.text(rows.get(i)));
        }
        return sb.append("]}").toString();
    }

    private static ArrayNode row(final Object key, final Object value) {
        return Json.MAPPER.createArrayNode().add(Fmt.render(key)).add(Fmt.render(value));
    }

    /** By key, then by the numeric columns (window start, session start and end, valid from). */
    private static final Comparator<ArrayNode> ROW_ORDER = (a, b) -> {
        final int byKey = Json.text(a.get(0)).compareTo(Json.text(b.get(0)));
        if (byKey != 0) {
            return byKey;
        }
        for (int i = 1; i < Math.min(a.size(), b.size()); i++) {
            if (a.get(i).isNumber() && b.get(i).isNumber() && a.get(i).asLong() != b.get(i).asLong()) {
                return Long.compare(a.get(i).asLong(), b.get(i).asLong());
            }
        }
        return 0;
    };

    private static String render(final Case c, final long seed, final List<Step> steps,
                                 final List<String> outputs, final List<String> stores) {
        final StringBuilder sb = new StringBuilder();
        sb.append("{\"case\":\"").append(c.name).append("\",\"seed\":").append(seed);
        sb.append(",\"kafkaStreams\":\"").append(kafkaVersion()).append("\"");
        sb.append(",\"compare\":\"").append(c.compare.label()).append("\",\n");
        sb.append("\"config\":").append(Json.text(Json.MAPPER.valueToTree(c.config))).append(",\n");
        sb.append("\"inputs\":").append(topics(c.inputs)).append(",\n");
        sb.append("\"outputTopics\":").append(topics(c.outputs)).append(",\n");
        sb.append("\"steps\":[");
        for (int i = 0; i < steps.size(); i++) {
            sb.append(i == 0 ? "\n" : ",\n").append(Json.text(step(steps.get(i))));
        }
        sb.append("],\n\"outputs\":[");
        for (int i = 0; i < outputs.size(); i++) {
            sb.append(i == 0 ? "\n" : ",\n").append(outputs.get(i));
        }
        sb.append("],\n\"stores\":{");
        for (int i = 0; i < stores.size(); i++) {
            sb.append(i == 0 ? "\n" : ",\n").append(stores.get(i));
        }
        return sb.append("}}\n").toString();
    }

    private static String topics(final Map<String, Case.Topic> topics) {
        final ObjectNode n = Json.MAPPER.createObjectNode();
        topics.values().forEach(t -> n.set(t.name(), Json.obj("key", t.key().label, "value", t.value().label)));
        return Json.text(n);
    }

    private static ObjectNode step(final Step s) {
        if (s.isAdvance()) {
            return Json.obj("op", "advanceWallClock", "ms", s.advanceMs());
        }
        final ObjectNode n = Json.obj("op", "pipe", "topic", s.topic());
        n.set("key", Fmt.render(s.key()));
        if (s.rawValue() != null) {
            n.put("rawValue", s.rawValue());
        } else {
            n.set("value", Fmt.render(s.value()));
        }
        n.put("timestamp", s.timestamp());
        if (!s.headers().isEmpty()) {
            final ArrayNode h = n.putArray("headers");
            s.headers().forEach(p -> h.add(Json.arr(p[0], p[1])));
        }
        return n;
    }

    static void deleteTree(final Path dir) {
        if (dir == null) {
            return;
        }
        try (Stream<Path> s = Files.walk(dir)) {
            s.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
