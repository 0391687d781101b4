package millrace.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** Arguments of the form {@code name=value}; names that start with {@code kafka.} are passed to the client as they are. */
final class Arguments {
    private static final String CLIENT_PREFIX = "kafka.";
    private final Map<String, String> values = new HashMap<>();

    Arguments(final String[] arguments) {
        for (final String argument : arguments) {
            final int equals = argument.indexOf('=');
            if (equals < 0) throw new IllegalArgumentException("expected name=value, got " + argument);
            values.put(argument.substring(0, equals), argument.substring(equals + 1));
        }
    }

    private Arguments(final Map<String, String> values) {
        this.values.putAll(values);
    }

    /** The same with one value replaced. */
    Arguments with(final String name, final String value) {
        final Arguments changed = new Arguments(values);
        changed.values.put(name, value);
        return changed;
    }

    String text(final String name) {
        final String value = values.get(name);
        if (value == null) throw new IllegalArgumentException("missing argument " + name + "=…");
        return value;
    }

    String text(final String name, final String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    long number(final String name) {
        return Long.parseLong(text(name));
    }

    long number(final String name, final long otherwise) {
        return Long.parseLong(text(name, Long.toString(otherwise)));
    }

    /** Settings of a producer, or of an admin client beside it, that sends batches of so many bytes after so long. */
    Properties producerSettings(final int batchBytes, final int lingerMs) {
        final Properties properties = new Properties();
        properties.put("bootstrap.servers", text("bootstrap"));
        properties.put("batch.size", batchBytes);
        properties.put("linger.ms", lingerMs);
        return properties;
    }

    /** Settings of a consumer of committed records. */
    Properties committedSettings() {
        final Properties properties = new Properties();
        properties.put("bootstrap.servers", text("bootstrap"));
        properties.put("isolation.level", "read_committed");
        properties.put("max.poll.records", 10_000);
        return properties;
    }

    void addClientSettings(final Properties properties) {
        values.forEach((name, value) -> {
            if (name.startsWith(CLIENT_PREFIX)) properties.put(name.substring(CLIENT_PREFIX.length()), value);
        });
    }
}
