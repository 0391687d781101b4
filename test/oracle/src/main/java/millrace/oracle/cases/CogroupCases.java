package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.SESSION;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_WINDOW;
import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Cogrouped aggregations of two and three streams. */
public final class CogroupCases {
    private static final String FAMILY = "Cogroup";
    private static final String ADD = """

        Aggregators: for `first` (k, v, agg) => agg + "a" + str(v); for `second` (k, v, agg) => agg + "b" + str(v).
        """;

    private CogroupCases() { }

    private static Consumer<Gen> gen(final long step, final String... topics) {
        return g -> {
            for (int i = 0; i < 64; i++) {
                g.pipe(g.pick(topics), g.keyOrNull(0.06), g.chance(0.08) ? null : Long.toString(g.between(0, 9)),
                    g.ts(step, 0.25, 3 * step, 0.05, 20 * step));
            }
        };
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(new Case(FAMILY, "cogroup-two").in("first").in("second").out("output").store("cogrouped", TIMESTAMPED_KEY_VALUE)
            .gen(gen(300, "first", "second")).spec("""
            stream(`first`).groupByKey cogrouped with stream(`second`).groupByKey; aggregate(init "", store `cogrouped`, string)
            -> toStream -> to(`output`).""" + ADD + """
            Records with a null key or a null value are dropped.
            """).dsl(b -> b.stream("first", IN).groupByKey(GROUPED).<String>cogroup((k, v, a) -> a + "a" + v)
                .cogroup(b.stream("second", IN).groupByKey(GROUPED), (k, v, a) -> a + "b" + v)
                .aggregate(() -> "", kv("cogrouped", STR)).toStream().to("output", OUT)));

        l.add(new Case(FAMILY, "cogroup-three").in("first").in("second").in("third", Fmt.STRING, Fmt.LONG)
            .out("output", Fmt.STRING, Fmt.JSON).store("cogrouped", TIMESTAMPED_KEY_VALUE).spec("""
            Three streams grouped by key and cogrouped: `first` and `second` (string values), `third` (int64 values);
            aggregate(init {"texts":[],"total":0,"last":""}, store `cogrouped`, JSON) -> toStream -> to(`output`, JSON).
            Aggregators: `first`: append v to texts (keeping only the last 3 texts) and set last to "first"; `second`: set last to
            "second", and if v == "reset" return null (delete the entry); `third`: total = total + v, last = "third".
            """).dsl(b -> b.stream("first", IN).groupByKey(GROUPED).<JsonNode>cogroup((k, v, a) -> {
                    final List<Object> texts = new ArrayList<>();
                    a.get("texts").forEach(texts::add);
                    texts.add(v);
                    return Json.obj("texts", texts.size() > 3 ? texts.subList(texts.size() - 3, texts.size()) : texts,
                        "total", a.get("total"), "last", "first");
                })
                .cogroup(b.stream("second", IN).groupByKey(GROUPED), (k, v, a) -> "reset".equals(v) ? null
                    : Json.obj("texts", a.get("texts"), "total", a.get("total"), "last", "second"))
                .cogroup(b.stream("third", IN_LONG).groupByKey(Grouped.with(STR, I64)), (k, v, a) ->
                    Json.obj("texts", a.get("texts"), "total", a.get("total").asLong() + v, "last", "third"))
                .aggregate(() -> Json.obj("texts", new ArrayList<>(), "total", 0, "last", ""), kv("cogrouped", JSON))
                .toStream().to("output", OUT_JSON))
            .gen(g -> {
                for (int i = 0; i < 68; i++) {
                    switch ((int) g.between(0, 2)) {
                        case 0 -> g.pipe("first", g.keyOrNull(0.05), g.wordOrNull(0.1), g.ts());
                        case 1 -> g.pipe("second", g.keyOrNull(0.05), g.chance(0.3) ? "reset" : g.word(), g.ts());
                        default -> g.pipe("third", g.keyOrNull(0.05), g.chance(0.1) ? null : (Object) g.between(1, 9), g.ts());
                    }
                }
            }));

        l.add(new Case(FAMILY, "cogroup-tumbling").in("first").in("second").out("output").store("cogrouped", TIMESTAMPED_WINDOW)
            .gen(gen(300, "first", "second")).spec("""
            As cogroup-two, with windowedBy(tumbling windows of 1000 ms, grace 500 ms) before aggregate(init "", store `cogrouped`);
            toStream -> map to key wk(w) -> to(`output`).""" + ADD + """
            Each input stream has its own aggregation node, which tracks the stream time of its own records only; a record is
            dropped if window end + grace <= the stream time of its own node. Null keys are dropped; null values reach the
            aggregators (windowed aggregations drop null keys only).
            """).dsl(b -> b.stream("first", IN).groupByKey(GROUPED).<String>cogroup((k, v, a) -> a + "a" + v)
                .cogroup(b.stream("second", IN).groupByKey(GROUPED), (k, v, a) -> a + "b" + v)
                .windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(500)))
                .aggregate(() -> "", win("cogrouped", STR)).toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(new Case(FAMILY, "cogroup-session").in("first").in("second").out("output").store("cogrouped", SESSION)
            .gen(gen(200, "first", "second")).spec("""
            As cogroup-two, with windowedBy(session windows, gap 500 ms, grace 1000 ms) before aggregate(init "", session merger
            (k, a, b) => a + b, store `cogrouped`, retention 1 h); toStream -> map to key wk(w) -> to(`output`).""" + ADD + """
            Each input stream has its own aggregation node with its own stream time; the session store is shared. Null keys are
            dropped; null values reach the aggregators.
            """).dsl(b -> b.stream("first", IN).groupByKey(GROUPED).<String>cogroup((k, v, a) -> a + "a" + v)
                .cogroup(b.stream("second", IN).groupByKey(GROUPED), (k, v, a) -> a + "b" + v)
                .windowedBy(SessionWindows.ofInactivityGapAndGrace(ms(500), ms(1000)))
                .aggregate(() -> "", (k, x, y) -> x + y, Dsl.<String>ses("cogrouped", STR).withRetention(HOUR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));
        return l;
    }
}
