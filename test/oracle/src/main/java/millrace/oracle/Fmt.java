package millrace.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The three wire formats that vectors use for keys and values. */
public enum Fmt {
    STRING("string", Serdes.String()),
    LONG("int64", Serdes.Long()),
    JSON("json", Json.SERDE);

    static final long MAX_SAFE = (1L << 53) - 1;

    public final String label;
    public final Serde<?> serde;

    Fmt(final String label, final Serde<?> serde) {
        this.label = label;
        this.serde = serde;
    }

    /** Renders a deserialized key or value for a vector file. */
    static JsonNode render(final Object o) {
        if (o == null) {
            return NullNode.instance;
        }
        if (o instanceof JsonNode n) {
            return n;
        }
        if (o instanceof Long l) {
            return Math.abs(l) <= MAX_SAFE ? LongNode.valueOf(l) : TextNode.valueOf(Long.toString(l));
        }
        if (o instanceof String s) {
            return TextNode.valueOf(s);
        }
        throw new IllegalArgumentException("cannot render " + o.getClass());
    }
}
