package millrace.bench;

import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes the input once: seeded, keyed by Kafka's partitioner, neither transactional nor compressed.
 *
 * <p>Arguments: bootstrap, topic, records, keys, partitions, valueBytes, seed.
 */
public final class Load {
    private static final int VALUES = 1024;

    private Load() {
    }

    public static void main(final String[] raw) throws Exception {
        final Arguments arguments = new Arguments(raw);
        final String topic = arguments.text("topic");
        final Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments.text("bootstrap"));
        try (Admin admin = Admin.create(properties)) {
            Topics.create(admin, topic, (int) arguments.number("partitions"));
        }
        properties.put("batch.size", 262_144);
        properties.put("linger.ms", 20);
        properties.put("buffer.memory", 67_108_864);
        properties.put("compression.type", "none");
        arguments.addClientSettings(properties);
        Report.event("started", "topic", topic);
        final long records = arguments.number("records");
        final AtomicReference<Exception> failure = new AtomicReference<>();
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new ByteArraySerializer())) {
            final SplittableRandom random = new SplittableRandom(arguments.number("seed"));
            final byte[][] values = values(random, (int) arguments.number("valueBytes"));
            final long keys = arguments.number("keys");
            for (long i = 0; i < records && failure.get() == null; i++) {
                final String key = String.format("key-%07d", random.nextLong(keys));
                producer.send(new ProducerRecord<>(topic, key, values[random.nextInt(VALUES)]), (written, error) -> {
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

    private static byte[][] values(final SplittableRandom random, final int bytes) {
        final byte[][] values = new byte[VALUES][bytes];
        for (final byte[] value : values) random.nextBytes(value);
        return values;
    }
}
