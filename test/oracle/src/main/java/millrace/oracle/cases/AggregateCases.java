package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.kstream.Grouped;

/** Non-windowed aggregations of streams. */
public final class AggregateCases {
    private static final String FAMILY = "Stream aggregations";

    private AggregateCases() { }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input");
    }

    private static void words(final Gen g) {
        for (int i = 0; i < 64; i++) {
            g.pipe("input", g.keyOrNull(0.08), g.wordOrNull(0.1), g.ts());
        }
    }

    static void longs(final Gen g) {
        for (int i = 0; i < 64; i++) {
            g.pipe("input", g.keyOrNull(0.08), g.chance(0.1) ? null : (Object) g.between(-20, 50), g.ts());
        }
    }

    private static void lines(final Gen g) {
        for (int i = 0; i < 40; i++) {
            final StringBuilder sb = new StringBuilder();
            final int n = (int) g.between(0, 5);
            for (int j = 0; j < n; j++) {
                final String w = g.pick("the", "The", "quick", "fox", "FOX", "dog", "it_s", "x1");
                sb.append(w).append(g.pick(" ", " ", ", ", ". ", "--", "  "));
            }
            g.pipe("input", g.keyOrNull(0.3), sb.toString(), g.ts());
        }
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("word-count").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::lines).spec("""
            stream(`input`) -> flatMapValues(v => lower(v) split on the regular expression [^A-Za-z0-9_]+ , empty pieces removed)
            -> groupBy((k, word) => word) -> count(store `counts`, int64) -> toStream -> to(`output`, string key, int64 value).
            """).dsl(b -> b.stream("input", IN)
                .flatMapValues(v -> Arrays.stream(v.toLowerCase().split("[^A-Za-z0-9_]+")).filter(w -> !w.isEmpty()).toList())
                .groupBy((k, w) -> w, GROUPED).count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("group-by-key-count").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE)
            .gen(AggregateCases::words).spec("""
            stream(`input`) -> groupByKey -> count(store `counts`) -> toStream -> to(`output`, int64). Records with a null key or a
            null value are dropped. The result timestamp is max(timestamp of the stored aggregate, timestamp of the record).
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("group-by-key-count-unnamed").out("output", Fmt.STRING, Fmt.LONG).gen(AggregateCases::words).spec("""
            As group-by-key-count, but the store is unnamed (not queryable); the output is the same.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).count().toStream().to("output", OUT_LONG)));

        l.add(c("group-by-key-reduce").out("output").store("reduced", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::words).spec("""
            stream(`input`) -> groupByKey -> reduce((agg, v) => length(agg) > 60 ? v : agg + "," + v, store `reduced`) -> toStream
            -> to(`output`). The first value of a key is the first aggregate, unchanged. Records with a null key or a null value are dropped.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .reduce((a, v) -> a.length() > 60 ? v : a + "," + v, kv("reduced", STR)).toStream().to("output", OUT)));

        l.add(c("group-by-key-reduce-delete").out("output").store("reduced", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::words).spec("""
            stream(`input`) -> groupByKey -> reduce((agg, v) => v == "fig" || v == "cat" ? null : agg + "," + v, store `reduced`) ->
            toStream -> to(`output`). A reducer that returns null deletes the entry and a tombstone (null value) is emitted; the
            reducer is not called for the first value of a key (it is stored as it is, "fig" and "cat" too), nor for the first
            value after a deletion.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .reduce((a, v) -> "fig".equals(v) || "cat".equals(v) ? null : a + "," + v, kv("reduced", STR))
                .toStream().to("output", OUT)));

        l.add(c("group-by-key-aggregate").in("input", Fmt.STRING, Fmt.LONG).out("output", Fmt.STRING, Fmt.JSON)
            .store("aggregated", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::longs).spec("""
            stream(`input`, int64 values) -> groupByKey -> aggregate(init {"n":0,"sum":0,"min":null,"max":null}; (k, v, agg) =>
            {n: agg.n + 1, sum: agg.sum + v, min: agg.min == null ? v : min(agg.min, v), max likewise}; store `aggregated`, JSON)
            -> toStream -> to(`output`, JSON). Records with a null key or a null value are dropped.
            """).dsl(b -> b.stream("input", IN_LONG).groupByKey(Grouped.with(STR, I64))
                .aggregate(() -> (JsonNode) Json.obj("n", 0, "sum", 0, "min", null, "max", null), (k, v, a) -> Json.obj(
                        "n", a.get("n").asLong() + 1,
                        "sum", a.get("sum").asLong() + v,
                        "min", a.get("min").isNull() ? v : (Long) Math.min(a.get("min").asLong(), v),
                        "max", a.get("max").isNull() ? v : (Long) Math.max(a.get("max").asLong(), v)),
                    kv("aggregated", JSON)).toStream().to("output", OUT_JSON)));

        l.add(c("group-by-key-aggregate-delete").out("output").store("aggregated", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::words).spec("""
            stream(`input`) -> groupByKey -> aggregate(init "0"; (k, v, agg) => v == "fig" ? null : agg + v.charAt(0); store
            `aggregated`, string) -> toStream -> to(`output`). An aggregator that returns null deletes the entry and emits a
            tombstone, also when no entry existed; the next value starts from init again. After a deletion the result timestamp
            of the next value is that record's timestamp (the deleted entry's timestamp is forgotten).
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED)
                .aggregate(() -> "0", (k, v, a) -> "fig".equals(v) ? null : a + v.charAt(0), kv("aggregated", STR))
                .toStream().to("output", OUT)));

        l.add(c("group-by-count").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::words).spec("""
            stream(`input`) -> groupBy((k, v) => v == null ? "none" : v == "fig" ? null : first character of v) -> count(store
            `counts`) -> toStream -> to(`output`, int64). groupBy writes to a repartition topic; records whose new key is null are
            dropped there; records with a null value are dropped by count (so "none" is never counted).
            """).dsl(b -> b.stream("input", IN)
                .groupBy((k, v) -> v == null ? "none" : "fig".equals(v) ? null : v.substring(0, 1), GROUPED)
                .count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("select-key-group-by-key-reduce").in("input", Fmt.STRING, Fmt.LONG).out("output", Fmt.STRING, Fmt.LONG)
            .store("sums", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::longs).spec("""
            stream(`input`, int64 values) -> filter(v != null) -> selectKey((k, v) => v < 0 ? "negative" : v even ? "even" : "odd")
            -> groupByKey (repartitions, because the key changed) -> reduce((a, v) => a + v, store `sums`, int64) -> toStream ->
            to(`output`, int64). Null input keys take part (the new key counts).
            """).dsl(b -> b.stream("input", IN_LONG).filter((k, v) -> v != null)
                .selectKey((k, v) -> v < 0 ? "negative" : v % 2 == 0 ? "even" : "odd")
                .groupByKey(Grouped.with(STR, I64)).reduce(Long::sum, kv("sums", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("count-then-filter").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::words).spec("""
            stream(`input`) -> groupByKey -> count(store `counts`) -> KTable.filter((k, n) => n % 3 != 0) (not materialised) ->
            toStream -> to(`output`, int64). The counted table is materialised, so the filter knows the old count: it forwards nothing
            if old and new count both fail (no old count fails too), and a tombstone if only the new one fails.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).count(kv("counts", I64))
                .filter((k, n) -> n % 3 != 0).toStream().to("output", OUT_LONG)));

        l.add(c("aggregate-headers").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> groupByKey -> count(store `counts`) -> toStream -> to(`output`, int64). Every input record has a
            header ("n", step index); a result carries the headers of the record that triggered it.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).count(kv("counts", I64)).toStream().to("output", OUT_LONG))
            .gen(g -> {
                for (int i = 0; i < 50; i++) {
                    g.pipe("input", g.key(), g.word(), g.ts(), List.<String[]>of(new String[] {"n", Integer.toString(i)}));
                }
            }));

        l.add(c("two-aggregations").out("output", Fmt.STRING, Fmt.LONG).out("longest").store("counts", TIMESTAMPED_KEY_VALUE)
            .store("longest-store", TIMESTAMPED_KEY_VALUE).gen(AggregateCases::words).spec("""
            g = stream(`input`) -> groupByKey. g -> count(store `counts`) -> toStream -> to(`output`, int64). g -> reduce((a, v) =>
            length(v) > length(a) ? v : a, store `longest-store`) -> toStream -> to(`longest`). The reduce emits on every record,
            also when the aggregate did not change.
            """).dsl(b -> {
                final var g = b.stream("input", IN).groupByKey(GROUPED);
                g.count(kv("counts", I64)).toStream().to("output", OUT_LONG);
                g.reduce((a, v) -> v.length() > a.length() ? v : a, kv("longest-store", STR)).toStream().to("longest", OUT);
            }));
        return l;
    }
}
