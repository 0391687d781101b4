package millrace.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a whole output under read_committed with the Java consumer and judges it, whoever wrote it.
 *
 * <p>A count that emits every update writes 1, 2, 3, … for each key, in order: anything lost, doubled or out of order is
 * an error. Of any other output a digest is taken that does not depend on the order of records, nor on how JSON is
 * written: it must be the same for every client. With updates=last counts must only grow, and the digest is of the last record
 * of each key. Arguments: bootstrap, topic, format=count|json|bytes, updates=every|last.
 */
public final class Check {
    private final String format;
    private final boolean everyUpdate;
    private final Map<String, Long> counts = new HashMap<>();
    private final Map<java.nio.ByteBuffer, Long> last = new HashMap<>();
    private long records;
    private long wrong;
    private long digest;

    private Check(final String format, final boolean everyUpdate) {
        this.format = format;
        this.everyUpdate = everyUpdate;
    }

    public static void main(final String[] raw) {
        final Arguments arguments = new Arguments(raw);
        final Check check = new Check(arguments.text("format"), arguments.text("updates").equals("every"));
        check.read(arguments);
        final long total = check.counts.values().stream().mapToLong(Long::longValue).sum();
        Report.event("done", "records", check.records, "total", total, "wrong", check.wrong,
            "digest", Long.toHexString(check.digest));
    }

    private void read(final Arguments arguments) {
        try (var consumer = new KafkaConsumer<>(arguments.committedSettings(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            final List<TopicPartition> partitions = new ArrayList<>();
            for (final PartitionInfo info : consumer.partitionsFor(arguments.text("topic"))) {
                partitions.add(new TopicPartition(info.topic(), info.partition()));
            }
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            final Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
                for (final var record : consumer.poll(Duration.ofMillis(500))) look(record);
            }
        }
    }

    private void look(final ConsumerRecord<byte[], byte[]> record) {
        records++;
        if (format.equals("count")) lookAtCount(new String(record.key()), java.nio.ByteBuffer.wrap(record.value()).getLong());
        final long value = format.equals("json") ? Json.digest(record.value()) : Arrays.hashCode(record.value());
        final long own = (Arrays.hashCode(record.key()) * 1_000_003L + value) * 31 + record.timestamp();
        digest += own;
        if (everyUpdate) return;
        final Long before = last.put(java.nio.ByteBuffer.wrap(record.key()), own);
        if (before != null) digest -= before;
    }

    private void lookAtCount(final String key, final long count) {
        final Long before = counts.put(key, count);
        final long least = before == null ? 1 : before + 1;
        if (everyUpdate ? count != least : count < least) wrong++;
    }
}
