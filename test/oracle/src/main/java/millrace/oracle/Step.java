package millrace.oracle;

import java.util.List;

/** One step of a vector: either a piped record or a wall-clock advance. */
public record Step(String topic, Object key, Object value, String rawValue, long timestamp,
                   List<String[]> headers, long advanceMs) {

    static Step pipe(final String topic, final Object key, final Object value, final long ts, final List<String[]> headers) {
        return new Step(topic, key, value, null, ts, headers, -1);
    }

    static Step raw(final String topic, final Object key, final String rawValue, final long ts) {
        return new Step(topic, key, null, rawValue, ts, List.of(), -1);
    }

    static Step advance(final long ms) {
        return new Step(null, null, null, null, 0, List.of(), ms);
    }

    boolean isAdvance() {
        return advanceMs >= 0;
    }
}
