package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.SESSION;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_WINDOW;
import static millrace.oracle.cases.Dsl.*;
import static millrace.oracle.cases.SuppressCases.flushed;

import java.util.ArrayList;
import java.util.List;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;

/** EmitStrategy.onWindowClose (KIP-825). */
public final class EmitFinalCases {
    private static final String FAMILY = "Emit on window close";
    private static final String SEE = "\nSee FORMAT.md, \"Emit on window close\".";

    private EmitFinalCases() { }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").compare(Compare.PER_KEY);
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("emit-final-tumbling").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_WINDOW)
            .gen(flushed(WindowCases.events(300, 900, 4000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 500 ms) -> emitStrategy(onWindowClose) -> count(store
            `counts`, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`, int64). Each window is emitted once, when stream
            time >= window end + grace, with the timestamp stored with the aggregate.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(500)))
                .emitStrategy(EmitStrategy.onWindowClose()).count(Dsl.<Long>win("counts", I64).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(c("emit-final-hopping").out("output").store("agg", TIMESTAMPED_WINDOW)
            .gen(flushed(WindowCases.events(300, 900, 4000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(hopping 1000 ms advancing by 250 ms, grace 0) -> emitStrategy(onWindowClose)
            -> aggregate(init ""; (k, v, a) => a + (v == null ? "-" : first character of v); store `agg`, string, retention 1 h) ->
            toStream -> map to key wk(w) -> to(`output`).
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(TimeWindows.ofSizeWithNoGrace(ms(1000)).advanceBy(ms(250)))
                .emitStrategy(EmitStrategy.onWindowClose())
                .aggregate(() -> "", (k, v, a) -> a + (v == null ? "-" : v.substring(0, 1)), Dsl.<String>win("agg", STR).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(c("emit-final-sliding").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_WINDOW)
            .gen(flushed(WindowCases.events(200, 700, 3000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(sliding windows, difference 500 ms, grace 300 ms) ->
            emitStrategy(onWindowClose) -> count(store `counts`, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`,
            int64). A sliding window [s, e] (e inclusive) is closed when stream time > e + grace.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ms(500), ms(300)))
                .emitStrategy(EmitStrategy.onWindowClose()).count(Dsl.<Long>win("counts", I64).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(c("emit-final-session").out("output", Fmt.STRING, Fmt.LONG).store("sessions", SESSION)
            .gen(flushed(SessionCases.bursts(400, 4000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(session windows, gap 400 ms, grace 300 ms) -> emitStrategy(onWindowClose) ->
            count(store `sessions`, retention 1 h) -> toStream -> map to key wk(w) -> to(`output`, int64). A session is closed when
            stream time > session end + gap + grace. No tombstones are emitted.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(400), ms(300)))
                .emitStrategy(EmitStrategy.onWindowClose()).count(Dsl.<Long>ses("sessions", I64).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));
        return l;
    }
}
