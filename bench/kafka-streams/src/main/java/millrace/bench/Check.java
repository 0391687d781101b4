package millrace.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads a whole output under read_committed with the Java consumer and judges it, whoever wrote it.
 *
 * <p>A count that emits every update writes 1, 2, 3, … for each key, in order: anything lost, doubled or out of order is
 * an error. Arguments: bootstrap, topic, everyUpdate=true|false.
 */
public final class Check {
    private Check() {
    }

    public static void main(final String[] raw) {
        final Arguments arguments = new Arguments(raw);
        final boolean everyUpdate = Boolean.parseBoolean(arguments.text("everyUpdate", "true"));
        final Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments.text("bootstrap"));
        properties.put("isolation.level", "read_committed");
        properties.put("max.poll.records", 10_000);
        final Map<String, Long> counts = new HashMap<>();
        long records = 0;
        long wrong = 0;
        try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new LongDeserializer())) {
            final List<TopicPartition> partitions = new ArrayList<>();
            for (final PartitionInfo info : consumer.partitionsFor(arguments.text("topic"))) {
                partitions.add(new TopicPartition(info.topic(), info.partition()));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            final Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (final var record : consumer.poll(Duration.ofMillis(500))) {
                    records++;
                    final long before = counts.getOrDefault(record.key(), 0L);
                    if (everyUpdate ? record.value() != before + 1 : record.value() <= before) wrong++;
                    counts.put(record.key(), record.value());
                }
            }
        }
        final long total = counts.values().stream().mapToLong(Long::longValue).sum();
        Report.event("done", "records", records, "keys", counts.size(), "total", total, "wrong", wrong);
    }
}
