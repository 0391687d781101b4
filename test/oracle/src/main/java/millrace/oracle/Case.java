package millrace.oracle;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;

/** A conformance case: its English specification, its topology and its input generator. */
public final class Case {
    /** How a store is read back at the end of a run. */
    public enum StoreKind {
        KEY_VALUE("keyValue"), TIMESTAMPED_KEY_VALUE("timestampedKeyValue"), WINDOW("window"),
        TIMESTAMPED_WINDOW("timestampedWindow"), SESSION("session"), VERSIONED("versioned"),
        VERSIONED_LATEST("versionedLatest");

        public final String label;

        StoreKind(final String label) {
            this.label = label;
        }

        static StoreKind of(final String label) {
            return Arrays.stream(values()).filter(kind -> kind.label.equals(label)).findFirst().orElseThrow();
        }
    }

    /** The weakest comparison that a conforming implementation must pass. */
    public enum Compare { STRICT, PER_KEY, MULTISET;
        public String label() {
            return switch (this) {
                case STRICT -> "strict";
                case PER_KEY -> "perKey";
                case MULTISET -> "multiset";
            };
        }
    }

    public record Topic(String name, Fmt key, Fmt value) { }

    /** Builds the topology; the properties are passed so that optimization settings reach the builder. */
    @FunctionalInterface
    public interface TopologyFactory {
        Topology build(java.util.Properties props);
    }

    public final String family;
    public final String name;
    String spec = "";
    Compare compare = Compare.STRICT;
    final Map<String, Topic> inputs = new LinkedHashMap<>();
    final Map<String, Topic> outputs = new LinkedHashMap<>();
    final Map<String, StoreKind> stores = new LinkedHashMap<>();
    final Map<String, Object> config = new LinkedHashMap<>();
    TopologyFactory topology;
    Consumer<Gen> generator;

    public Case(final String family, final String name) {
        this.family = family;
        this.name = name;
        config.put("statestore.cache.max.bytes", 0);
    }

    public Case spec(final String text) {
        spec = text.strip();
        return this;
    }

    public Case in(final String topic, final Fmt key, final Fmt value) {
        inputs.put(topic, new Topic(topic, key, value));
        return this;
    }

    public Case in(final String topic) {
        return in(topic, Fmt.STRING, Fmt.STRING);
    }

    public Case out(final String topic, final Fmt key, final Fmt value) {
        outputs.put(topic, new Topic(topic, key, value));
        return this;
    }

    public Case out(final String topic) {
        return out(topic, Fmt.STRING, Fmt.STRING);
    }

    public Case store(final String name, final StoreKind kind) {
        stores.put(name, kind);
        return this;
    }

    public Case config(final String key, final Object value) {
        config.put(key, value);
        return this;
    }

    public Case compare(final Compare c) {
        compare = c;
        return this;
    }

    public Case dsl(final Consumer<StreamsBuilder> body) {
        topology = props -> {
            final StreamsBuilder b = new StreamsBuilder();
            body.accept(b);
            return b.build(props);
        };
        return this;
    }

    public Case raw(final java.util.function.Supplier<Topology> body) {
        topology = props -> body.get();
        return this;
    }

    public Case gen(final Consumer<Gen> g) {
        generator = g;
        return this;
    }
}
