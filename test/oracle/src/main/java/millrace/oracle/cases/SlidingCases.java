package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_WINDOW;
import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import org.apache.kafka.streams.kstream.SlidingWindows;

/** Sliding windows (KIP-450). */
public final class SlidingCases {
    private static final String FAMILY = "Sliding windows";
    private static final String DEF = """

        Sliding windows are inclusive at both ends: [t, t + d]. See FORMAT.md, "Sliding windows".""";

    private SlidingCases() { }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").compare(Compare.PER_KEY);
    }

    private static Case count(final String name, final long d, final long grace, final long step, final long late, final boolean hour) {
        return c(name).out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_WINDOW)
            .gen(WindowCases.events(step, 2 * d, late)).spec("stream(`input`) -> groupByKey -> windowedBy(sliding windows, time difference "
                + d + " ms, grace " + grace + " ms) -> count(store `counts`, " + (hour ? "retention 1 h" : "default retention = 2 * "
                + "difference + grace") + ") -> toStream -> map to key wk(w) -> to(`output`, int64). Records with a null key or a null value are dropped." + DEF)
            .dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(d), ms(grace)))
                .count(hour ? Dsl.<Long>win("counts", I64).withRetention(HOUR) : win("counts", I64))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG));
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();
        l.add(count("sliding-count-no-grace", 500, 0, 250, 4000, true));
        l.add(count("sliding-count-grace", 500, 800, 250, 4000, true));
        l.add(count("sliding-count-large-grace", 1000, 60_000, 300, 8000, true));
        l.add(count("sliding-count-default-retention", 500, 400, 250, 4000, false));
        l.add(count("sliding-count-same-timestamps", 10, 20, 4, 60, true));
        l.add(c("sliding-aggregate").out("output").store("aggregated", TIMESTAMPED_WINDOW)
            .gen(WindowCases.events(250, 1000, 4000)).spec("""
            stream(`input`) -> groupByKey -> windowedBy(sliding windows, time difference 600 ms, grace 1000 ms) -> aggregate(init "";
            (k, v, a) => a + "," + v; store `aggregated`, string, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`). The
            text shows in which order values were added to a window (a new window that starts with existing values copies the
            aggregate of an existing window and does not re-read records). Null keys and null values are dropped.
            """ + DEF).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(600), ms(1000)))
                .aggregate(() -> "", (k, v, a) -> a + "," + v, Dsl.<String>win("aggregated", STR).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));
        l.add(c("sliding-reduce").out("output").store("reduced", TIMESTAMPED_WINDOW)
            .gen(WindowCases.events(250, 1000, 4000)).spec("""
            stream(`input`) -> groupByKey -> windowedBy(sliding windows, time difference 800 ms, grace 500 ms) -> reduce((a, v) =>
            v > a ? v : a (string comparison), store `reduced`, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`).
            Null keys and null values are dropped.
            """ + DEF).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(800), ms(500)))
                .reduce((a, v) -> v.compareTo(a) > 0 ? v : a, Dsl.<String>win("reduced", STR).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));
        return l;
    }
}
