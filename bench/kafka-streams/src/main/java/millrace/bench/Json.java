package millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** JSON values as Kafka users write them in Java: Jackson, with its reader and writer of one class kept. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {
    }

    static <T> Serde<T> serde(final Class<T> type) {
        final ObjectReader reader = MAPPER.readerFor(type);
        final ObjectWriter writer = MAPPER.writerFor(type);
        return Serdes.serdeFrom((topic, value) -> {
            try {
                return value == null ? null : writer.writeValueAsBytes(value);
            } catch (final IOException error) {
                throw new UncheckedIOException(error);
            }
        }, (topic, bytes) -> {
            try {
                return bytes == null ? null : reader.readValue(bytes);
            } catch (final IOException error) {
                throw new UncheckedIOException(error);
            }
        });
    }

    /** A number that is the same for the same JSON object of numbers and texts, however it is written down. */
    static long digest(final byte[] bytes) {
        try {
            long digest = 0;
            final var fields = MAPPER.readTree(bytes).properties();
            for (final var field : fields) {
                final var value = field.getValue();
                final long content = value.isNumber() ? Double.hashCode(value.doubleValue()) : value.asText().hashCode();
                digest += field.getKey().hashCode() * 31L + content * 1_000_003L;
            }
            return digest;
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
