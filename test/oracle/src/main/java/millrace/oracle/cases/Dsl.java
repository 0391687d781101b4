package millrace.oracle.cases;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import millrace.oracle.Json;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/** Serdes, Materialized shorthands and the notation functions of FORMAT.md. */
final class Dsl {
    static final Serde<String> STR = Serdes.String();
    static final Serde<Long> I64 = Serdes.Long();
    static final Serde<JsonNode> JSON = Json.SERDE;
    static final Consumed<String, String> IN = Consumed.with(STR, STR);
    static final Consumed<String, Long> IN_LONG = Consumed.with(STR, I64);
    static final Consumed<String, JsonNode> IN_JSON = Consumed.with(STR, JSON);
    static final Produced<String, String> OUT = Produced.with(STR, STR);
    static final Produced<String, Long> OUT_LONG = Produced.with(STR, I64);
    static final Produced<String, JsonNode> OUT_JSON = Produced.with(STR, JSON);
    static final Grouped<String, String> GROUPED = Grouped.with(STR, STR);
    /** Retention used where the specification says "retention 1 h". */
    static final Duration HOUR = Duration.ofHours(1);

    private Dsl() { }

    static Duration ms(final long ms) {
        return Duration.ofMillis(ms);
    }

    /** str(x): the text, or the four letters null. */
    static String str(final Object o) {
        return String.valueOf(o);
    }

    /** wk(w): key@start/end. */
    static String wk(final Windowed<String> w) {
        return w.key() + "@" + w.window().start() + "/" + w.window().end();
    }

    /** A store of texts by text. */
    static StoreBuilder<KeyValueStore<String, String>> text(final String name) {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), STR, STR);
    }

    static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> kv(final String name, final Serde<V> v) {
        return Materialized.<String, V, KeyValueStore<Bytes, byte[]>>as(name).withKeySerde(STR).withValueSerde(v);
    }

    static <V> Materialized<String, V, WindowStore<Bytes, byte[]>> win(final String name, final Serde<V> v) {
        return Materialized.<String, V, WindowStore<Bytes, byte[]>>as(name).withKeySerde(STR).withValueSerde(v);
    }

    static <V> Materialized<String, V, SessionStore<Bytes, byte[]>> ses(final String name, final Serde<V> v) {
        return Materialized.<String, V, SessionStore<Bytes, byte[]>>as(name).withKeySerde(STR).withValueSerde(v);
    }
}
