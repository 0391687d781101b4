package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.errors.LogAndContinueExceptionHandler;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.kstream.Grouped;

/** Exception handlers that drop the record and continue. */
public final class ErrorCases {
    private static final String FAMILY = "Exception handlers";

    private ErrorCases() { }

    private static void words(final Gen g) {
        for (int i = 0; i < 48; i++) {
            g.pipe("input", g.key(), g.word(), g.ts());
        }
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(new Case(FAMILY, "deserialization-continue").in("input", Fmt.STRING, Fmt.JSON).out("output", Fmt.STRING, Fmt.LONG)
            .store("sums", TIMESTAMPED_KEY_VALUE)
            .config("deserialization.exception.handler", LogAndContinueExceptionHandler.class.getName()).spec("""
            stream(`input`, JSON {"n": int}) -> mapValues(v => v.n as int64) -> groupByKey -> reduce((a, v) => a + v, store `sums`) -> toStream ->
            to(`output`, int64). Steps with a rawValue carry text that is not valid JSON: the record is dropped and processing
            continues.
            """).dsl(b -> b.stream("input", IN_JSON).mapValues(v -> v.get("n").asLong()).groupByKey(Grouped.with(STR, I64))
                .reduce(Long::sum, kv("sums", I64)).toStream().to("output", OUT_LONG))
            .gen(g -> {
                for (int i = 0; i < 48; i++) {
                    if (g.chance(0.25)) {
                        g.raw("input", g.key(), g.pick("{\"n\":", "nope", "[1,", "{n:1}"), g.ts());
                    } else {
                        g.pipe("input", g.key(), Json.obj("n", i), g.ts());
                    }
                }
            }));

        l.add(new Case(FAMILY, "processing-continue").in("input").out("output").out("lengths", Fmt.STRING, Fmt.LONG)
            .config("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class.getName()).gen(ErrorCases::words).spec("""
            s = stream(`input`). s -> mapValues(v => throw if v == "fig", else upper(v)) -> to(`output`). s -> filter((k, v) => throw if v ==
            "eel", else true) -> mapValues(v => length(v) as int64) -> to(`lengths`, int64). An exception drops the record for the
            failing node (and what is below it) only; siblings still get it. See FORMAT.md, "Exception handlers".
            """).dsl(b -> {
                final var s = b.stream("input", IN);
                s.mapValues(v -> {
                    if ("fig".equals(v)) {
                        throw new IllegalArgumentException(v);
                    }
                    return v.toUpperCase();
                }).to("output", OUT);
                s.filter((k, v) -> {
                    if ("eel".equals(v)) {
                        throw new IllegalArgumentException(v);
                    }
                    return true;
                }).mapValues(v -> (long) v.length()).to("lengths", OUT_LONG);
            }));

        l.add(new Case(FAMILY, "processing-continue-aggregate").in("input").out("output").store("aggregated", TIMESTAMPED_KEY_VALUE)
            .config("processing.exception.handler", LogAndContinueProcessingExceptionHandler.class.getName()).gen(ErrorCases::words).spec("""
            stream(`input`) -> flatMapValues(v => [v, v + "2"]) -> groupByKey -> aggregate(init ""; (k, v, a) => throw if v == "fig" or v ==
            "cat2", else the last 40 characters of a + c, where c is the first character of v, in upper case if v ends with "2"; store
            `aggregated`, string) -> toStream -> to(`output`). A failing aggregator leaves the store unchanged, and the second value of the same input
            record is still processed.
            """).dsl(b -> b.stream("input", IN).flatMapValues(v -> List.of(v, v + "2")).groupByKey(GROUPED)
                .aggregate(() -> "", (k, v, a) -> {
                    if ("fig".equals(v) || "cat2".equals(v)) {
                        throw new IllegalArgumentException(v);
                    }
                    final String c = v.substring(0, 1);
                    final String next = a + (v.endsWith("2") ? c.toUpperCase() : c);
                    return next.length() > 40 ? next.substring(next.length() - 40) : next;
                }, kv("aggregated", STR)).toStream().to("output", OUT)));
        return l;
    }
}
