package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_WINDOW;
import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.UnlimitedWindows;

/** Tumbling and hopping windows. */
public final class WindowCases {
    private static final String FAMILY = "Tumbling and hopping windows";

    private WindowCases() { }

    /** Records around the window size: in order, slightly out of order, and far late. */
    static Consumer<Gen> events(final long step, final long ooo, final long late) {
        return g -> {
            for (int i = 0; i < 68; i++) {
                g.pipe("input", g.keyOrNull(0.05), g.wordOrNull(0.05), g.ts(step, 0.25, ooo, 0.1, late));
            }
        };
    }

    private static void trades(final Gen g) {
        for (int i = 0; i < 75; i++) {
            g.pipe("input", g.pick("AAPL", "MSFT", "KFK"),
                Json.obj("price", g.between(100, 999) / 4.0, "size", g.between(1, 9)), g.ts(900, 0.25, 3000, 0.05, 20_000));
        }
    }

    private static Case count(final String name, final String what, final TimeWindows w, final Consumer<Gen> gen, final Compare cmp) {
        return new Case(FAMILY, name).in("input").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_WINDOW)
            .compare(cmp).gen(gen).spec("stream(`input`) -> groupByKey -> windowedBy(" + what + ") -> count(store `counts`, default"
                + " retention = size + grace) -> toStream -> map to key wk(w) -> to(`output`, int64).\nRecords with a null key are dropped;"
                + " records with a null value ARE counted (windowed aggregations check the key only). The result timestamp is"
                + " max(timestamp stored with the window, timestamp of the record).")
            .dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(w).count(win("counts", I64))
                .toStream().selectKey((k, v) -> wk(k)).to("output", OUT_LONG));
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(count("tumbling-count-no-grace", "tumbling windows of 1000 ms, grace 0",
            TimeWindows.ofSizeWithNoGrace(ms(1000)), events(300, 700, 4000), Compare.STRICT));
        l.add(count("tumbling-count-grace-500", "tumbling windows of 1000 ms, grace 500 ms",
            TimeWindows.ofSizeAndGrace(ms(1000), ms(500)), events(300, 1500, 5000), Compare.STRICT));
        l.add(count("tumbling-count-grace-24h", "tumbling windows of 1000 ms, grace 24 h = 86400000 ms",
            TimeWindows.ofSizeAndGrace(ms(1000), Duration.ofHours(24)), events(300, 1500, 20_000), Compare.STRICT));
        l.add(count("tumbling-count-7s", "tumbling windows of 7000 ms, grace 3000 ms",
            TimeWindows.ofSizeAndGrace(ms(7000), ms(3000)), events(1500, 5000, 30_000), Compare.STRICT));
        l.add(count("hopping-count-no-grace", "hopping windows of 1000 ms advancing by 400 ms, grace 0",
            TimeWindows.ofSizeWithNoGrace(ms(1000)).advanceBy(ms(400)), events(300, 700, 4000), Compare.PER_KEY));
        l.add(count("hopping-count-grace", "hopping windows of 1000 ms advancing by 500 ms, grace 700 ms",
            TimeWindows.ofSizeAndGrace(ms(1000), ms(700)).advanceBy(ms(500)), events(300, 1500, 4000), Compare.PER_KEY));

        l.add(new Case(FAMILY, "tumbling-reduce").in("input").out("output").store("reduced", TIMESTAMPED_WINDOW)
            .gen(events(300, 700, 4000)).spec("""
            stream(`input`) -> filter(v != null) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 200 ms) -> reduce((a, v) => a +
            "," + v, store `reduced`) -> toStream -> map to key wk(w) -> to(`output`).
            """).dsl(b -> b.stream("input", IN).filter((k, v) -> v != null).groupByKey(GROUPED)
                .windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(200)))
                .reduce((a, v) -> a + "," + v, win("reduced", STR)).toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(new Case(FAMILY, "tumbling-aggregate-null-values").in("input").out("output").store("aggregated", TIMESTAMPED_WINDOW)
            .gen(events(300, 700, 4000)).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 2000 ms, grace 1000 ms) -> aggregate(init ""; (k, v, a) => v == "fig" ?
            null : a + (v == null ? "-" : first character of v); store `aggregated`, string) -> toStream -> map to key wk(w) ->
            to(`output`). Null values reach the aggregator. A result of null deletes the window's entry and is emitted as a null.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(2000), ms(1000)))
                .aggregate(() -> "", (k, v, a) -> "fig".equals(v) ? null : a + (v == null ? "-" : v.substring(0, 1)),
                    win("aggregated", STR)).toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(new Case(FAMILY, "tumbling-group-by-count").in("input").out("output", Fmt.STRING, Fmt.LONG)
            .store("counts", TIMESTAMPED_WINDOW).gen(events(300, 700, 4000)).spec("""
            stream(`input`) -> filter(v != null) -> groupBy((k, v) => first character of v) (repartitions) -> windowedBy(tumbling 1000
            ms, grace 300 ms) -> count(store `counts`) -> toStream -> map to key wk(w) -> to(`output`, int64).
            """).dsl(b -> b.stream("input", IN).filter((k, v) -> v != null).groupBy((k, v) -> v.substring(0, 1), GROUPED)
                .windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(300))).count(win("counts", I64))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(new Case(FAMILY, "tumbling-long-retention").in("input").out("output", Fmt.STRING, Fmt.LONG)
            .store("counts", TIMESTAMPED_WINDOW).gen(events(400, 700, 4000)).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 0) -> count(store `counts`, retention 1 h) -> toStream
            -> map to key wk(w) -> to(`output`, int64). Output as with default retention; the store keeps every window of the run.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeWithNoGrace(ms(1000)))
                .count(Dsl.<Long>win("counts", I64).withRetention(HOUR)).toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(new Case(FAMILY, "stock-trade-stats").in("input", Fmt.STRING, Fmt.JSON).out("output", Fmt.STRING, Fmt.JSON)
            .store("trade-aggregates", TIMESTAMPED_WINDOW).compare(Compare.PER_KEY).gen(WindowCases::trades).spec("""
            "Stock Trade Stats". stream(`input`, key = ticker, value JSON {"price": number, "size": int}) -> groupByKey ->
            windowedBy(hopping windows of 5000 ms advancing by 1000 ms, grace 0) -> aggregate(init {"countTrades":0,"sumPrice":0.0,
            "minPrice":0.0}; (k, v, a) => {countTrades: a.countTrades + 1, sumPrice: a.sumPrice + v.price, minPrice: a.countTrades == 0
            ? v.price : min(a.minPrice, v.price)}; store `trade-aggregates`, JSON) -> toStream -> mapValues(a => {"countTrades":
            a.countTrades, "minPrice": a.minPrice, "avgPrice": a.sumPrice / a.countTrades}) -> map to key wk(w) -> to(`output`, JSON).
            Prices are multiples of 0.25, arithmetic is IEEE double. One output record per window that contains the input record,
            in ascending order of window start.
            """).dsl(b -> b.stream("input", IN_JSON).groupByKey(Grouped.with(STR, JSON))
                .windowedBy(TimeWindows.ofSizeWithNoGrace(ms(5000)).advanceBy(ms(1000)))
                .aggregate(() -> (JsonNode) Json.obj("countTrades", 0, "sumPrice", 0.0, "minPrice", 0.0), (k, v, a) -> {
                    final long n = a.get("countTrades").asLong();
                    final double price = v.get("price").asDouble();
                    return Json.obj("countTrades", n + 1, "sumPrice", a.get("sumPrice").asDouble() + price,
                        "minPrice", n == 0 ? price : Math.min(a.get("minPrice").asDouble(), price));
                }, win("trade-aggregates", JSON)).toStream()
                .mapValues(a -> (JsonNode) Json.obj("countTrades", a.get("countTrades"), "minPrice", a.get("minPrice"),
                    "avgPrice", a.get("sumPrice").asDouble() / a.get("countTrades").asLong()))
                .selectKey((w, v) -> wk(w)).to("output", OUT_JSON)));

        l.add(new Case(FAMILY, "windowed-table-filter").in("input").out("output", Fmt.STRING, Fmt.LONG)
            .gen(events(200, 700, 4000)).spec("""
            stream(`input`) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 500 ms) -> count -> KTable.filter((w, n) => n >= 2)
            -> mapValues(n => n * 10) -> toStream -> map to key wk(w) -> to(`output`, int64). The filter knows old values (aggregated tables are
            materialised): counts below 2 forward nothing.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(500)))
                .count(win("windowed-counts", I64)).filter((w, n) -> n >= 2).mapValues(n -> n * 10)
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(new Case(FAMILY, "unlimited-windows-count").in("input").out("output", Fmt.STRING, Fmt.LONG)
            .gen(g -> {
                for (int i = 0; i < 48; i++) {
                    g.pipe("input", g.keyOrNull(0.05), g.word(), g.between(0, 4000));
                }
            }).spec("""
            stream(`input`) -> groupByKey -> windowedBy(unlimited window starting at 1000) -> count -> toStream -> map to key
            key + "@" + window start -> to(`output`, int64). Records with a timestamp below 1000 belong to no window.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).windowedBy(UnlimitedWindows.of().startOn(java.time.Instant.ofEpochMilli(1000)))
                .count(win("unlimited", I64)).toStream().selectKey((w, v) -> w.key() + "@" + w.window().start()).to("output", OUT_LONG)));
        return l;
    }
}
