package millrace.oracle.cases;

import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.Suppressed.BufferConfig;
import org.apache.kafka.streams.kstream.TimeWindows;

/** suppress: final results of windows, rate limiting, bounded buffers. */
public final class SuppressCases {
    private static final String FAMILY = "Suppress";
    private static final String SEE = "\nSee FORMAT.md, \"Suppress\".";

    private SuppressCases() { }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").compare(Compare.PER_KEY);
    }

    /** The events of the given generator followed by one record far in the future that closes every window. */
    static Consumer<Gen> flushed(final Consumer<Gen> gen) {
        return gen.andThen(g -> g.pipe("input", "flush", "flush", g.now + 1_000_000));
    }

    private static void table(final Gen g) {
        for (int i = 0; i < 64; i++) {
            g.pipe("input", g.pick("A", "B", "C", "D", "E", "F"), g.wordOrNull(0.15), g.ts(400, 0.25, 800, 0, 0));
        }
        g.pipe("input", "flush", "flush", g.now + 1_000_000);
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("suppress-window-close-tumbling").out("output", Fmt.STRING, Fmt.LONG)
            .gen(flushed(WindowCases.events(300, 900, 4000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 500 ms) -> count -> suppress(untilWindowCloses,
            unbounded) -> toStream -> map to key wk(w) -> to(`output`, int64). One result per window, when stream time reaches window
            end + grace. The timestamp is that of the last buffered update of the window.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(500)))
                .count(win("counts", I64)).suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(c("suppress-window-close-no-grace").out("output", Fmt.STRING, Fmt.LONG)
            .gen(flushed(WindowCases.events(300, 900, 4000))).spec("""
            As suppress-window-close-tumbling, with windows of 1500 ms and grace 0.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeWithNoGrace(ms(1500)))
                .count(win("counts", I64)).suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(c("suppress-window-close-hopping").out("output").gen(flushed(WindowCases.events(300, 900, 4000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(hopping 1000 ms advancing by 500 ms, grace 300 ms) -> aggregate(init "";
            (k, v, a) => a + (v == null ? "-" : first character of v); string) -> suppress(untilWindowCloses, unbounded) -> toStream
            -> map to key wk(w) -> to(`output`).
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(300)).advanceBy(ms(500)))
                .aggregate(() -> "", (k, v, a) -> a + (v == null ? "-" : v.substring(0, 1)), win("agg", STR))
                .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(c("suppress-window-close-session").out("output", Fmt.STRING, Fmt.LONG)
            .gen(flushed(SessionCases.bursts(400, 5000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(session windows, gap 400 ms, grace 500 ms) -> count(retention 1 h) ->
            suppress(untilWindowCloses, unbounded) -> toStream -> map to key wk(w) -> to(`output`, int64). Tombstones of merged
            sessions replace the buffered result of that session and are never emitted.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(400), ms(500)))
                .count(Dsl.<Long>ses("sessions", I64).withRetention(HOUR))
                .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(c("suppress-time-limit-table").out("output").gen(SuppressCases::table).spec("""
            table(`input`) -> suppress(untilTimeLimit 1000 ms, unbounded buffer) -> toStream -> to(`output`). Per key the first update
            starts the wait; later updates replace the buffered value but do not restart the wait; tombstones are buffered and
            emitted like values.
            """ + SEE).dsl(b -> b.table("input", IN).suppress(Suppressed.untilTimeLimit(ms(1000), BufferConfig.unbounded()))
                .toStream().to("output", OUT)));

        l.add(c("suppress-max-records-table").out("output").gen(SuppressCases::table).spec("""
            table(`input`) -> suppress(untilTimeLimit 60000 ms, maxRecords(3), emitEarlyWhenFull) -> toStream -> to(`output`). When the
            buffer holds more than 3 keys, the oldest entries are emitted until it holds 3.
            """ + SEE).dsl(b -> b.table("input", IN).suppress(Suppressed.untilTimeLimit(ms(60_000),
                    BufferConfig.maxRecords(3).emitEarlyWhenFull())).toStream().to("output", OUT)));

        l.add(c("suppress-time-limit-and-max-records").out("output", Fmt.STRING, Fmt.LONG)
            .gen(flushed(WindowCases.events(300, 900, 4000))).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 2000 ms) -> count -> suppress(untilTimeLimit 700 ms,
            maxRecords(2), emitEarlyWhenFull) -> toStream -> map to key wk(w) -> to(`output`, int64). untilTimeLimit waits in the time
            of the records (the timestamp of the update), also for windowed tables.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(2000)))
                .count(win("counts", I64)).suppress(Suppressed.untilTimeLimit(ms(700), BufferConfig.maxRecords(2).emitEarlyWhenFull()))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(c("suppress-zero-limit").out("output").gen(SuppressCases::table).spec("""
            table(`input`) -> suppress(untilTimeLimit 0 ms, unbounded) -> toStream -> to(`output`). In-order records are emitted at
            once; an out-of-order record is also emitted at once, because its own timestamp <= stream time.
            """ + SEE).dsl(b -> b.table("input", IN).suppress(Suppressed.untilTimeLimit(ms(0), BufferConfig.unbounded()))
                .toStream().to("output", OUT)));

        l.add(c("suppress-count-then-group-by").out("output", Fmt.STRING, Fmt.LONG)
            .gen(flushed(WindowCases.events(300, 0, 0))).spec("""
            t = stream(`input`) -> groupByKey -> count -> suppress(untilTimeLimit 800 ms, unbounded). t -> filter((k, n) => n > 0) ->
            groupBy((k, n) => [n even ? "even" : "odd", k]) -> count -> toStream -> to(`output`, int64). Downstream of suppress the old value of a change is the
            value that was emitted last for the key, so that the subtractor of the group matches its adder (the filter hides the initial old value 0, see FORMAT.md,
            "Initial value as old value").
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).count(kv("counts", I64))
                .suppress(Suppressed.untilTimeLimit(ms(800), BufferConfig.unbounded())).filter((k, n) -> n > 0)
                .groupBy((k, n) -> KeyValue.pair(n % 2 == 0 ? "even" : "odd", k), GROUPED)
                .count(kv("groups", I64)).toStream().to("output", OUT_LONG)));
        l.add(c("suppress-headers").out("output", Fmt.STRING, Fmt.LONG).gen(g -> {
            for (int i = 0; i < 60; i++) {
                g.pipeNumbered("input", g.key(), g.word(), g.ts(300, 0.25, 900, 0, 0));
            }
            g.pipeNumbered("input", "flush", "flush", g.now + 1_000_000);
        }).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 500 ms) -> count -> suppress(untilWindowCloses, unbounded) ->
            toStream -> map to key wk(w) -> to(`output`, int64). Every input record has a header ("n", step index); an emitted result
            carries the headers of the last update of its window, not those of the record that closed it.
            """ + SEE).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(500)))
                .count(win("counts", I64)).suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded()))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));
        return l;
    }
}
