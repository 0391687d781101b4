package millrace.oracle;

import java.util.List;
import java.util.stream.Collectors;

/** Renders CASES.md from the specifications held in code. */
final class CasesDoc {
    private CasesDoc() { }

    static String render(final List<Case> cases) {
        final StringBuilder sb = new StringBuilder();
        sb.append("# Conformance cases\n\n");
        sb.append("Generated from the code of the oracle (Kafka Streams ").append(Runner.kafkaVersion()).append("); do not edit.\n");
        sb.append("`FORMAT.md` defines the file format, the notation (`str`, `wk`, ...) and the comparison levels.\n");
        sb.append("Number of cases: ").append(cases.size()).append(".\n");
        String family = "";
        for (final Case c : cases) {
            if (!c.family.equals(family)) {
                family = c.family;
                sb.append("\n## ").append(family).append("\n");
            }
            sb.append("\n### ").append(c.name).append("\n\n");
            sb.append("- inputs: ").append(topics(c.inputs.values())).append("\n");
            sb.append("- outputs: ").append(topics(c.outputs.values())).append("\n");
            if (!c.stores.isEmpty()) {
                sb.append("- stores: ").append(c.stores.entrySet().stream()
                    .map(e -> "`" + e.getKey() + "` (" + e.getValue().label + ")").collect(Collectors.joining(", "))).append("\n");
            }
            sb.append("- compare: ").append(c.compare.label()).append("\n");
            sb.append("- config: ").append(c.config.entrySet().stream()
                .map(e -> "`" + e.getKey() + "=" + e.getValue() + "`").collect(Collectors.joining(", "))).append("\n\n");
            sb.append(c.spec).append("\n");
        }
        return sb.toString();
    }

    private static String topics(final java.util.Collection<Case.Topic> topics) {
        return topics.stream()
            .map(t -> "`" + t.name() + "` (" + t.key().label + " -> " + t.value().label + ")")
            .collect(Collectors.joining(", "));
    }
}
