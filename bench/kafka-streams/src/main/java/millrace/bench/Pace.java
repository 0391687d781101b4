package millrace.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes records at a steady rate, each with the time of its writing, and reads what an application makes of them under
 * read_committed: how long does a record take to come out? The application writes one record for each, with its time.
 *
 * <p>Arguments: bootstrap, input, output, partitions, rate (a second), warmUpSeconds, seconds, patienceSeconds, keys, valueBytes.
 * Prints ready (topics exist), measuring (the warm-up is over), written (nothing more is written), done (percentiles in ms;
 * a record that did not come out in time counts as one that took until the end).
 */
public final class Pace {
    private static final int MOST_MS = 600_000;
    private static final long BURST_MS = 5;

    private final Arguments arguments;
    private final int[] histogram = new int[MOST_MS];
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final AtomicLong written = new AtomicLong();
    private volatile long fromMs = Long.MAX_VALUE;
    private volatile long untilMs = Long.MAX_VALUE;
    private long seen;

    private Pace(final Arguments arguments) {
        this.arguments = arguments;
    }

    public static void main(final String[] raw) throws Exception {
        new Pace(new Arguments(raw)).run();
        System.exit(0);
    }

    private void run() throws Exception {
        try (Admin admin = Admin.create(settings())) {
            Topics.create(admin, arguments.text("input"), (int) arguments.number("partitions"));
            Topics.create(admin, arguments.text("output"), (int) arguments.number("partitions"));
        }
        Report.event("ready");
        final Thread writer = new Thread(this::write);
        writer.start();
        read();
        writer.join();
        if (failure.get() != null) {
            Report.event("failed", "message", failure.get().toString());
            System.exit(1);
        }
        final long missing = written.get() - seen;
        histogram[MOST_MS - 1] += (int) missing;
        Report.event("done", "records", written.get(), "missing", missing,
            "p50", percentile(0.5), "p99", percentile(0.99), "max", percentile(1));
    }

    private void write() {
        final long rate = arguments.number("rate");
        final long keys = arguments.number("keys");
        final String topic = arguments.text("input");
        final byte[] value = new byte[(int) arguments.number("valueBytes", 100)];
        Arrays.fill(value, (byte) 'a');
        final SplittableRandom random = new SplittableRandom(1);
        final long startMs = System.currentTimeMillis();
        final long measureMs = startMs + arguments.number("warmUpSeconds") * 1_000;
        final long endMs = measureMs + arguments.number("seconds") * 1_000;
        try (var producer = new KafkaProducer<>(settings(), new StringSerializer(), new ByteArraySerializer())) {
            long sent = 0;
            while (failure.get() == null) {
                final long nowMs = System.currentTimeMillis();
                if (nowMs >= endMs) break;
                if (nowMs >= measureMs && fromMs == Long.MAX_VALUE) {
                    fromMs = nowMs;
                    Report.event("measuring");
                }
                for (final long due = (nowMs - startMs) * rate / 1_000; sent < due; sent++) {
                    final String key = String.format("key-%07d", random.nextLong(keys));
                    if (nowMs >= fromMs) written.incrementAndGet();
                    producer.send(new ProducerRecord<>(topic, null, nowMs, key, value), (done, error) -> {
                        if (error != null) failure.compareAndSet(null, error);
                    });
                }
                Thread.sleep(BURST_MS);
            }
        } catch (final Exception error) {
            failure.compareAndSet(null, error);
        }
        untilMs = System.currentTimeMillis();
        Report.event("written", "records", written.get());
    }

    private void read() {
        final Properties properties = arguments.committedSettings();
        properties.put("auto.offset.reset", "earliest");
        final long patienceMs = arguments.number("patienceSeconds", 20) * 1_000;
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            final List<TopicPartition> partitions = new ArrayList<>();
            for (final PartitionInfo info : consumer.partitionsFor(arguments.text("output"))) {
                partitions.add(new TopicPartition(info.topic(), info.partition()));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (failure.get() == null) {
                final var records = consumer.poll(Duration.ofMillis(100));
                final long nowMs = System.currentTimeMillis();
                for (final var record : records) look(record, nowMs);
                if (untilMs == Long.MAX_VALUE) continue;
                if (seen == written.get() || nowMs > untilMs + patienceMs) return;
            }
        }
    }

    private void look(final ConsumerRecord<byte[], byte[]> record, final long nowMs) {
        if (record.timestamp() < fromMs) return;
        seen++;
        histogram[(int) Math.min(MOST_MS - 1, Math.max(0, nowMs - record.timestamp()))]++;
    }

    private long percentile(final double part) {
        final long rank = (long) Math.ceil(written.get() * part);
        long below = 0;
        for (int ms = 0; ms < MOST_MS; ms++) {
            below += histogram[ms];
            if (below >= rank) return ms;
        }
        return MOST_MS;
    }

    private Properties settings() {
        return arguments.producerSettings(65_536, 1);
    }
}
