package millrace.bench;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Runs one of {@link Shapes}, exactly once, and exits when the whole input is committed, or with records=0 when it is told to.
 *
 * <p>Arguments: shape, bootstrap, application, input, other, output, records (of both inputs); store=memory|rocksdb, cacheBytes=0, commitMs=100,
 * directory, and kafka.NAME=VALUE for any setting of the client; times=N runs it N times in this process, from the second
 * time on with "-2", "-3", … behind application and output; warmMs=N ends the first time N ms after it runs. Prints one JSON object a line: started (of each time, just
 * before start()), running, done, failed.
 */
public final class Application {
    private static final Duration CHECK = Duration.ofMillis(200);

    private Application() {
    }

    public static void main(final String[] raw) throws Exception {
        final Arguments arguments = new Arguments(raw);
        for (int time = 1; time <= arguments.number("times", 1); time++) {
            final String suffix = time == 1 ? "" : "-" + time;
            run(arguments.with("application", arguments.text("application") + suffix)
                .with("output", arguments.text("output") + suffix), time == 1 ? arguments.number("warmMs", 0) : 0);
        }
        System.exit(0);
    }

    /** @param endMs how long it runs at most, from its first rebalance on; 0 without such an end */
    private static void run(final Arguments arguments, final long endMs) throws Exception {
        final AtomicReference<Throwable> failure = new AtomicReference<>();
        final CountDownLatch stopped = new CountDownLatch(1);
        final AtomicLong runningSince = new AtomicLong();
        Runtime.getRuntime().addShutdownHook(new Thread(stopped::countDown));
        Report.event("started", "application", arguments.text("application"));
        try (Admin admin = admin(arguments);
             KafkaStreams streams = new KafkaStreams(Shapes.topology(arguments), settings(arguments))) {
            Topics.create(admin, arguments.text("output"), Topics.partitions(admin, arguments.text("input")));
            streams.setUncaughtExceptionHandler(error -> {
                failure.compareAndSet(null, error);
                stopped.countDown();
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.setStateListener((now, before) -> {
                if (now != KafkaStreams.State.RUNNING) return;
                runningSince.compareAndSet(0, System.nanoTime());
                Report.event("running", "application", arguments.text("application"));
            });
            streams.start();
            final BooleanSupplier over = () -> endMs > 0 && runningSince.get() != 0
                && System.nanoTime() - runningSince.get() > endMs * 1_000_000;
            await(arguments, admin, stopped, over);
            streams.close(Duration.ofSeconds(10));
        }
        if (failure.get() != null) {
            Report.event("failed", "message", failure.get().toString());
            System.exit(1);
        }
    }

    private static Properties settings(final Arguments arguments) {
        final Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, arguments.text("application"));
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments.text("bootstrap"));
        properties.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        properties.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, arguments.number("cacheBytes", 0));
        properties.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, arguments.number("commitMs", 100));
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.STATE_DIR_CONFIG, arguments.text("directory"));
        properties.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        properties.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        arguments.addClientSettings(properties);
        return properties;
    }

    private static Admin admin(final Arguments arguments) {
        final Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments.text("bootstrap"));
        return Admin.create(properties);
    }

    /** Returns when it is over, or the committed position of the group covers every input record: then all output is committed too. */
    private static void await(
        final Arguments arguments, final Admin admin, final CountDownLatch stopped, final BooleanSupplier over
    ) throws Exception {
        final long expected = arguments.number("records");
        while (!stopped.await(CHECK.toMillis(), TimeUnit.MILLISECONDS)) {
            if (expected == 0) continue;
            final long committed = committedRecords(arguments, admin);
            if (committed < expected && !over.getAsBoolean()) continue;
            Report.event("done", "application", arguments.text("application"), "committed", committed);
            return;
        }
    }

    /** Offsets of the inputs that the application committed, over all partitions: records, because inputs have no markers. */
    private static long committedRecords(final Arguments arguments, final Admin admin) throws Exception {
        final Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(arguments.text("application"))
            .partitionsToOffsetAndMetadata().get();
        final Set<String> inputs = Set.of(arguments.text("input"), arguments.text("other"));
        final Map<TopicPartition, OffsetSpec> starts = new HashMap<>();
        offsets.forEach((partition, offset) -> {
            if (offset != null && inputs.contains(partition.topic())) starts.put(partition, OffsetSpec.earliest());
        });
        if (starts.isEmpty()) return 0;
        long committed = 0;
        for (final var start : admin.listOffsets(starts).all().get().entrySet()) {
            committed += offsets.get(start.getKey()).offset() - start.getValue().offset();
        }
        return committed;
    }
}
