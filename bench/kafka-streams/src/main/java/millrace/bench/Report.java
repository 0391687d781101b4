package millrace.bench;

import java.lang.management.ManagementFactory;
import java.util.Locale;

/** Machine-readable progress: one JSON object a line on standard output. */
final class Report {
    private Report() {
    }

    /**
     * Prints {@code {"event": name, "atMs": wall time, "cpuMs": processor time of this process, …}}.
     *
     * @param facts names and numbers or strings in turn
     */
    static synchronized void event(final String name, final Object... facts) {
        final StringBuilder line = new StringBuilder();
        line.append("{\"event\":\"").append(name).append("\",\"atMs\":").append(System.currentTimeMillis());
        line.append(",\"cpuMs\":").append(cpuMs());
        for (int i = 0; i < facts.length; i += 2) {
            line.append(",\"").append(facts[i]).append("\":").append(literal(facts[i + 1]));
        }
        System.out.println(line.append('}'));
        System.out.flush();
    }

    private static String literal(final Object fact) {
        if (fact instanceof Double) return String.format(Locale.ROOT, "%.3f", (Double) fact);
        if (fact instanceof Number || fact instanceof Boolean) return fact.toString();
        return '"' + fact.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    private static long cpuMs() {
        final var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return system.getProcessCpuTime() / 1_000_000;
    }
}
