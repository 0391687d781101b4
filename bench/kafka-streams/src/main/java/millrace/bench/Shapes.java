package millrace.bench;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.KeyValueBytesStoreSupplier;
import org.apache.kafka.streams.state.SessionBytesStoreSupplier;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The topologies of the comparison, each the same as in {@code bench/throughput/apps.ts}.
 *
 * <p>Stores are in memory, or RocksDB with {@code store=rocksdb}. Values are parsed by Jackson into plain classes.
 */
final class Shapes {
    private static final Duration SIZE = Duration.ofSeconds(5);
    private static final Duration ADVANCE = Duration.ofSeconds(1);
    private static final Duration GAP = Duration.ofMillis(50);
    private static final Duration APART = Duration.ofMillis(500);
    /** Longer than the input: which side comes first must not matter. */
    private static final Duration LATE = Duration.ofMinutes(10);
    private static final Serde<String> TEXT = Serdes.String();

    private Shapes() {
    }

    static Topology topology(final Arguments arguments) {
        final StreamsBuilder builder = new StreamsBuilder();
        switch (arguments.text("shape")) {
            case "keyed-count" -> keyedCount(builder, arguments);
            case "hopping" -> hopping(builder, arguments);
            case "session" -> session(builder, arguments);
            case "join" -> join(builder, arguments);
            case "stream-join" -> streamJoin(builder, arguments);
            case "filter" -> filter(builder, arguments);
            case "json" -> json(builder, arguments);
            default -> throw new IllegalArgumentException("no shape " + arguments.text("shape"));
        }
        return builder.build();
    }

    private static void keyedCount(final StreamsBuilder builder, final Arguments arguments) {
        builder.stream(arguments.text("input"), Consumed.with(TEXT, Serdes.ByteArray()))
            .groupByKey(Grouped.with(TEXT, Serdes.ByteArray()))
            .count(Materialized.<String, Long>as(keyValueStore(arguments, "counts"))
                .withKeySerde(TEXT).withValueSerde(Serdes.Long()))
            .toStream()
            .to(arguments.text("output"), Produced.with(TEXT, Serdes.Long()));
    }

    private static void hopping(final StreamsBuilder builder, final Arguments arguments) {
        trades(builder, arguments)
            .groupByKey(Grouped.with(TEXT, Json.serde(Trade.class)))
            .windowedBy(TimeWindows.ofSizeAndGrace(SIZE, ADVANCE).advanceBy(ADVANCE))
            .aggregate(Stats::new, (ticker, trade, stats) -> stats.plus(trade), statistics(arguments))
            .mapValues(Summary::of)
            .toStream()
            .to(arguments.text("output"), Produced.with(
                WindowedSerdes.timeWindowedSerdeFrom(String.class, SIZE.toMillis()), Json.serde(Summary.class)));
    }

    private static Materialized<String, Stats, WindowStore<Bytes, byte[]>> statistics(final Arguments arguments) {
        final Duration retention = SIZE.plus(ADVANCE);
        final WindowBytesStoreSupplier store = isRocksDb(arguments)
            ? Stores.persistentTimestampedWindowStore("stats", retention, SIZE, false)
            : Stores.inMemoryWindowStore("stats", retention, SIZE, false);
        return Materialized.<String, Stats>as(store).withKeySerde(TEXT).withValueSerde(Json.serde(Stats.class));
    }

    private static void join(final StreamsBuilder builder, final Arguments arguments) {
        final var table = builder.table(arguments.text("other"), Consumed.with(TEXT, TEXT),
            Materialized.<String, String>as(keyValueStore(arguments, "table")).withKeySerde(TEXT).withValueSerde(TEXT));
        builder.stream(arguments.text("input"), Consumed.with(TEXT, TEXT))
            .join(table, (left, right) -> left + right, Joined.with(TEXT, TEXT, TEXT))
            .to(arguments.text("output"), Produced.with(TEXT, TEXT));
    }

    private static void session(final StreamsBuilder builder, final Arguments arguments) {
        final var windows = SessionWindows.ofInactivityGapAndGrace(GAP, ADVANCE);
        final Duration retention = GAP.plus(ADVANCE);
        final SessionBytesStoreSupplier store = isRocksDb(arguments)
            ? Stores.persistentSessionStore("sessions", retention)
            : Stores.inMemorySessionStore("sessions", retention);
        builder.stream(arguments.text("input"), Consumed.with(TEXT, Serdes.ByteArray()))
            .groupByKey(Grouped.with(TEXT, Serdes.ByteArray()))
            .windowedBy(windows)
            .count(Materialized.<String, Long>as(store).withKeySerde(TEXT).withValueSerde(Serdes.Long()))
            .toStream()
            .to(arguments.text("output"),
                Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.Long()));
    }

    private static void streamJoin(final StreamsBuilder builder, final Arguments arguments) {
        final var windows = JoinWindows.ofTimeDifferenceAndGrace(APART, LATE);
        final KStream<String, String> left = builder.stream(arguments.text("input"), Consumed.with(TEXT, TEXT));
        final KStream<String, String> right = builder.stream(arguments.text("other"), Consumed.with(TEXT, TEXT));
        left.join(right, (mine, theirs) -> mine + theirs, windows, StreamJoined.with(TEXT, TEXT, TEXT)
                .withThisStoreSupplier(records(arguments, "left")).withOtherStoreSupplier(records(arguments, "right")))
            .to(arguments.text("output"), Produced.with(TEXT, TEXT));
    }

    private static WindowBytesStoreSupplier records(final Arguments arguments, final String name) {
        final Duration size = APART.multipliedBy(2);
        return isRocksDb(arguments)
            ? Stores.persistentWindowStore(name, size.plus(LATE), size, true)
            : Stores.inMemoryWindowStore(name, size.plus(LATE), size, true);
    }

    private static void filter(final StreamsBuilder builder, final Arguments arguments) {
        builder.stream(arguments.text("input"), Consumed.with(TEXT, Serdes.ByteArray()))
            .filter((key, value) -> key.charAt(key.length() - 1) < '7')
            .selectKey((key, value) -> key.substring(4))
            .to(arguments.text("output"), Produced.with(TEXT, Serdes.ByteArray()));
    }

    private static void json(final StreamsBuilder builder, final Arguments arguments) {
        trades(builder, arguments)
            .mapValues(Valued::of)
            .to(arguments.text("output"), Produced.with(TEXT, Json.serde(Valued.class)));
    }

    private static KStream<String, Trade> trades(final StreamsBuilder builder, final Arguments arguments) {
        return builder.stream(arguments.text("input"), Consumed.with(TEXT, Json.serde(Trade.class)));
    }

    private static KeyValueBytesStoreSupplier keyValueStore(final Arguments arguments, final String name) {
        return isRocksDb(arguments) ? Stores.persistentTimestampedKeyValueStore(name) : Stores.inMemoryKeyValueStore(name);
    }

    private static boolean isRocksDb(final Arguments arguments) {
        return arguments.text("store", "memory").equals("rocksdb");
    }

    /** One trade. */
    record Trade(String ticker, double price, long size) {
    }

    /** What a window knows of its trades. */
    record Stats(long count, double min, double sum) {
        Stats() {
            this(0, Double.POSITIVE_INFINITY, 0);
        }

        Stats plus(final Trade trade) {
            return new Stats(count + 1, Math.min(min, trade.price), sum + trade.price);
        }
    }

    /** What is written of a window. */
    record Summary(long count, double min, double sum, double average) {
        static Summary of(final Stats stats) {
            return new Summary(stats.count, stats.min, stats.sum, stats.sum / stats.count);
        }
    }

    /** A trade with its value. */
    record Valued(String ticker, double price, long size, double notional) {
        static Valued of(final Trade trade) {
            return new Valued(trade.ticker, trade.price, trade.size, trade.price * trade.size);
        }
    }
}
