package millrace.oracle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** JSON helpers: a JsonNode serde (UTF-8 text on the wire) and small constructors. */
public final class Json {
    public static final ObjectMapper MAPPER = new ObjectMapper();

    public static final Serde<JsonNode> SERDE = Serdes.serdeFrom(
        (topic, node) -> {
            try {
                return node == null ? null : MAPPER.writeValueAsBytes(node);
            } catch (final JsonProcessingException e) {
                throw new SerializationException(e);
            }
        },
        (topic, bytes) -> {
            try {
                return bytes == null ? null : MAPPER.readTree(bytes);
            } catch (final IOException e) {
                throw new SerializationException(e);
            }
        });

    private Json() { }

    /** An object node from alternating names and values (String, Long, Integer, Double, Boolean, JsonNode, null). */
    public static ObjectNode obj(final Object... pairs) {
        final ObjectNode n = MAPPER.createObjectNode();
        for (int i = 0; i < pairs.length; i += 2) {
            n.set((String) pairs[i], MAPPER.valueToTree(pairs[i + 1]));
        }
        return n;
    }

    public static ArrayNode arr(final Object... items) {
        final ArrayNode n = MAPPER.createArrayNode();
        for (final Object i : items) {
            n.add(MAPPER.<JsonNode>valueToTree(i));
        }
        return n;
    }

    public static String text(final JsonNode n) {
        try {
            return MAPPER.writeValueAsString(n);
        } catch (final JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
