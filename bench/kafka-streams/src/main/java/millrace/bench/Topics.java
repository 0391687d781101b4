package millrace.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Creates topics that may exist already. Nothing in them expires: a record's time is what the input says, however long ago. */
final class Topics {
    private static final long PATIENCE_MS = 30_000;
    private static final long PAUSE_MS = 20;

    private Topics() {
    }

    static void create(final Admin admin, final String topic, final int partitions) throws Exception {
        try {
            final NewTopic wanted = new NewTopic(topic, Optional.of(partitions), Optional.empty());
            admin.createTopics(List.of(wanted.configs(Map.of("retention.ms", "-1")))).all().get();
        } catch (final ExecutionException error) {
            if (!(error.getCause() instanceof TopicExistsException)) throw error;
        }
        awaitLeaders(admin, topic, partitions);
    }

    /**
     * A broker that has just created many partitions does not serve all of them yet, and a producer's batches would overtake each other.
     * It may not even know the topic: that is asked again.
     */
    private static void awaitLeaders(final Admin admin, final String topic, final int partitions) throws Exception {
        final Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int i = 0; i < partitions; i++) ends.put(new TopicPartition(topic, i), OffsetSpec.latest());
        final long giveUpAtMs = System.currentTimeMillis() + PATIENCE_MS;
        for (;;) {
            try {
                admin.listOffsets(ends).all().get();
                return;
            } catch (final ExecutionException error) {
                final boolean isNew = error.getCause() instanceof UnknownTopicOrPartitionException;
                if (!isNew || System.currentTimeMillis() > giveUpAtMs) throw error;
                Thread.sleep(PAUSE_MS);
            }
        }
    }

    static int partitions(final Admin admin, final String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    }
}
