package millrace.bench;

import java.nio.charset.StandardCharsets;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes an input once: seeded, keyed by Kafka's partitioner, neither transactional nor compressed.
 *
 * <p>Arguments: bootstrap, topic, records, keys, partitions, values=text|trades, valueBytes, seed; order=random|every
 * (every key once, in order, a millisecond apart), startMs (time of the first record).
 */
public final class Load {
    private static final int VALUES = 1024;
    /** Event time: so many records share a millisecond. */
    private static final long RECORDS_PER_MS = 10;

    private final Arguments arguments;
    private final SplittableRandom random;
    private final byte[][] values = new byte[VALUES][];

    private Load(final Arguments arguments) {
        this.arguments = arguments;
        this.random = new SplittableRandom(arguments.number("seed"));
    }

    public static void main(final String[] raw) throws Exception {
        new Load(new Arguments(raw)).run();
    }

    private void run() throws Exception {
        final String topic = arguments.text("topic");
        try (Admin admin = Admin.create(settings())) {
            Topics.create(admin, topic, (int) arguments.number("partitions"));
        }
        Report.event("started", "topic", topic);
        final AtomicReference<Exception> failure = new AtomicReference<>();
        final long records = arguments.number("records");
        try (var producer = new KafkaProducer<>(settings(), new StringSerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < VALUES; i++) values[i] = text((int) arguments.number("valueBytes", 100));
            for (long i = 0; i < records && failure.get() == null; i++) {
                producer.send(record(topic, i), (written, error) -> {
                    if (error != null) failure.compareAndSet(null, error);
                });
            }
        }
        if (failure.get() != null) {
            Report.event("failed", "message", failure.get().toString());
            System.exit(1);
        }
        Report.event("done", "records", records);
    }

    private ProducerRecord<String, byte[]> record(final String topic, final long index) {
        final long keys = arguments.number("keys");
        final boolean every = arguments.text("order", "random").equals("every");
        final long number = every ? index % keys : random.nextLong(keys);
        final long timestampMs = arguments.number("startMs") + (every ? index : index / RECORDS_PER_MS);
        final byte[] value = arguments.text("values", "text").equals("trades") ? trade(number) : values[random.nextInt(VALUES)];
        return new ProducerRecord<>(topic, null, timestampMs, String.format("key-%07d", number), value);
    }

    /** Prices are multiples of a quarter: sums of them are exact in any order. */
    private byte[] trade(final long number) {
        final double price = 10 + random.nextInt(4_000) / 4.0;
        final String json = "{\"ticker\":\"key-%07d\",\"price\":%s,\"size\":%d}";
        return String.format(json, number, price, 1 + random.nextInt(1_000)).getBytes(StandardCharsets.UTF_8);
    }

    private byte[] text(final int bytes) {
        final byte[] text = new byte[bytes];
        for (int i = 0; i < bytes; i++) text[i] = (byte) ('a' + random.nextInt(26));
        return text;
    }

    private Properties settings() {
        final Properties properties = arguments.producerSettings(262_144, 20);
        properties.put("buffer.memory", 67_108_864);
        properties.put("compression.type", "none");
        arguments.addClientSettings(properties);
        return properties;
    }
}
