package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.SESSION;
import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.kstream.SessionWindows;

/** Session windows: creation, extension, merging of two sessions, lateness. */
public final class SessionCases {
    private static final String FAMILY = "Session windows";

    private SessionCases() { }

    /** Bursts separated by gaps, and out-of-order records that bridge sessions. */
    static Consumer<Gen> bursts(final long gap, final long late) {
        return g -> {
            for (int i = 0; i < 64; i++) {
                if (g.chance(0.15)) {
                    g.now += 2 * gap;
                }
                g.pipe("input", g.chance(0.05) ? null : g.pick("A", "B", "C"), g.wordOrNull(0.05),
                    g.ts(gap / 2, 0.3, 4 * gap, 0.08, late));
            }
        };
    }

    private static Case count(final String name, final long gap, final long grace, final long late, final boolean hour) {
        return new Case(FAMILY, name).in("input").out("output", Fmt.STRING, Fmt.LONG).store("sessions", SESSION)
            .gen(bursts(gap, late)).spec("stream(`input`) -> groupByKey -> windowedBy(session windows, inactivity gap " + gap + " ms, grace "
                + grace + " ms) -> count(store `sessions`, " + (hour ? "retention 1 h" : "default retention = gap + grace")
                + ") -> toStream -> map to key wk(w) -> to(`output`, int64).\nA session is [start, end], both inclusive, the timestamps"
                + " of its first and last record; sessions at distance <= gap merge. When a record extends or merges sessions, a"
                + " tombstone is emitted for every replaced session (ascending), then the new session. See FORMAT.md, \"Session windows\".")
            .dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(gap), ms(grace)))
                .count(hour ? Dsl.<Long>ses("sessions", I64).withRetention(HOUR) : ses("sessions", I64))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG));
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();
        l.add(count("session-count-no-grace", 400, 0, 4000, true));
        l.add(count("session-count-grace", 400, 1000, 5000, true));
        l.add(count("session-count-24h-grace", 400, Duration.ofHours(24).toMillis(), 8000, false));
        l.add(count("session-count-default-retention", 400, 600, 5000, false));
        l.add(count("session-count-tiny-gap", 3, 10, 40, true));

        l.add(new Case(FAMILY, "session-reduce").in("input").out("output").store("sessions", SESSION).gen(bursts(400, 5000)).spec("""
            stream(`input`) -> filter(v != null) -> groupByKey -> windowedBy(session windows, gap 400 ms, grace 2000 ms) -> reduce((a,
            v) => a + "," + v, store `sessions`, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`). The reducer also
            merges sessions: sessions are merged in ascending order into an initially empty aggregate, then the new value is
            added last, whatever its timestamp.
            """).dsl(b -> b.stream("input", IN).filter((k, v) -> v != null).groupByKey(GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(400), ms(2000)))
                .reduce((a, v) -> a + "," + v, Dsl.<String>ses("sessions", STR).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(new Case(FAMILY, "session-aggregate").in("input").out("output", Fmt.STRING, Fmt.JSON).store("sessions", SESSION)
            .gen(bursts(400, 5000)).spec("""
            stream(`input`) -> groupByKey -> windowedBy(session windows, gap 400 ms, grace 2000 ms) -> aggregate(init {"n":0,"text":""};
            (k, v, a) => {n: a.n + 1, text: a.text + "+" + str(v)}; merger (k, a, b) => {n: a.n + b.n, text: "(" + a.text + "|" + b.text
            + ")"}; store `sessions`, JSON, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`, JSON). The merger is called
            once per existing session that is extended or merged, also when there is only one: agg = init; for each found session
            in ascending order agg = merger(k, agg, session); finally agg = aggregator(k, v, agg).
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(400), ms(2000)))
                .aggregate(() -> (JsonNode) Json.obj("n", 0, "text", ""),
                    (k, v, a) -> Json.obj("n", a.get("n").asLong() + 1, "text", a.get("text").asText() + "+" + str(v)),
                    (k, x, y) -> Json.obj("n", x.get("n").asLong() + y.get("n").asLong(),
                        "text", "(" + x.get("text").asText() + "|" + y.get("text").asText() + ")"),
                    Dsl.<JsonNode>ses("sessions", JSON).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_JSON)));

        l.add(new Case(FAMILY, "session-group-by-count").in("input").out("output", Fmt.STRING, Fmt.LONG).store("sessions", SESSION)
            .gen(bursts(300, 3000)).spec("""
            stream(`input`) -> filter(v != null) -> groupBy((k, v) => length(v) odd ? "odd" : "even") (repartitions) ->
            windowedBy(session windows, gap 300 ms, grace 500 ms) -> count(store `sessions`, retention 1 h) -> KTable.filter((w, n) =>
            n >= 2) -> toStream -> map to key wk(w) -> to(`output`, int64). The filter knows old values: a tombstone for a replaced
            session passes only if that session's count was >= 2.
            """).dsl(b -> b.stream("input", IN).filter((k, v) -> v != null)
                .groupBy((k, v) -> v.length() % 2 == 1 ? "odd" : "even", GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(300), ms(500)))
                .count(Dsl.<Long>ses("sessions", I64).withRetention(HOUR)).filter((w, n) -> n >= 2)
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));
        l.add(new Case(FAMILY, "session-headers").in("input").out("output", Fmt.STRING, Fmt.LONG).gen(g -> {
            for (int i = 0; i < 48; i++) {
                g.pipeNumbered("input", g.pick("A", "B"), g.word(), g.ts(300, 0.25, 900, 0, 0));
            }
        }).spec("""
            stream(`input`) -> groupByKey -> windowedBy(session windows, gap 300 ms, grace 60000 ms) -> count -> toStream -> map to key wk(w)
            -> to(`output`, int64). Every input record has a header ("n", step index); session results (and their tombstones) have no
            headers.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(300), ms(60_000))).count(ses("sessions", I64))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));
        return l;
    }
}
