package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.ValueTransformerWithKey;
import org.apache.kafka.streams.processor.ProcessorContext;

/** Tables: updates, tombstones, derived tables, and grouped tables with adder and subtractor. */
public final class TableCases {
    private static final String FAMILY = "Tables";

    private TableCases() { }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").gen(TableCases::updates);
    }

    /** Updates, tombstones, null keys, out-of-order timestamps. */
    static void updates(final Gen g) {
        for (int i = 0; i < 64; i++) {
            g.pipe("input", g.keyOrNull(0.05), g.wordOrNull(0.2), g.ts());
        }
    }

    /** int64 values: updates and tombstones. */
    private static void amounts(final Gen g) {
        for (int i = 0; i < 64; i++) {
            g.pipe("input", g.keyOrNull(0.05), g.chance(0.2) ? null : (Object) g.between(1, 30), g.ts());
        }
    }

    /** JSON values {"region","amount"}; updates move keys between regions. */
    private static void orders(final Gen g) {
        for (int i = 0; i < 68; i++) {
            final JsonNode v = g.chance(0.18) ? null
                : Json.obj("region", g.pick("eu", "us", "asia", null), "amount", g.between(1, 20));
            g.pipe("input", g.pick("A", "B", "C", "D", "E"), v, g.ts());
        }
    }

    private static String region(final JsonNode v) {
        return v.get("region").isNull() ? null : v.get("region").asText();
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("table-to-stream").out("output").spec("""
            table(`input`) (not materialised) -> toStream -> to(`output`). Every record with a non-null key is forwarded, tombstones
            too (also for keys never seen), timestamps as in the input, out-of-order records too.
            """).dsl(b -> b.table("input", IN).toStream().to("output", OUT)));

        l.add(c("table-materialized-to-stream").out("output").store("table", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`, store `table`) -> toStream -> to(`output`). Same output as table-to-stream; an out-of-order record
            overwrites the stored value and its timestamp (last offset wins, not the largest timestamp).
            """).dsl(b -> b.table("input", IN, kv("table", STR)).toStream().to("output", OUT)));

        l.add(c("table-to-stream-new-key").out("output").spec("""
            table(`input`) -> toStream((k, v) => v == null ? "none" : first character of v) -> to(`output`).
            """).dsl(b -> b.table("input", IN).toStream((k, v) -> v == null ? "none" : v.substring(0, 1)).to("output", OUT)));

        l.add(c("table-filter").out("output").spec("""
            table(`input`) (not materialised) -> filter((k, v) => length(v) > 3) (not materialised) -> toStream -> to(`output`). The
            predicate is not called for null values. A record that fails the predicate and a tombstone are both forwarded as a
            tombstone, every time (no state is consulted).
            """).dsl(b -> b.table("input", IN).filter((k, v) -> v.length() > 3).toStream().to("output", OUT)));

        l.add(c("table-filter-materialized").out("output").store("filtered", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`) (not materialised) -> filter((k, v) => length(v) > 3, store `filtered`) -> toStream -> to(`output`). As
            table-filter: tombstones are still forwarded for every failing record. The store holds passing rows only.
            """).dsl(b -> b.table("input", IN).filter((k, v) -> v.length() > 3, kv("filtered", STR)).toStream().to("output", OUT)));

        l.add(c("table-filter-of-materialized").out("output").store("table", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`, store `table`) -> filter((k, v) => length(v) > 3) (not materialised) -> toStream -> to(`output`). Unlike
            table-filter: the source is materialised, so the filter knows the old row and forwards nothing if neither the old nor
            the new row passes. See FORMAT.md, "Tables".
            """).dsl(b -> b.table("input", IN, kv("table", STR)).filter((k, v) -> v.length() > 3).toStream().to("output", OUT)));

        l.add(c("table-filter-not").out("output").store("kept", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`) -> filterNot((k, v) => v starts with "a" or k == "D", store `kept`) -> toStream -> to(`output`).
            """).dsl(b -> b.table("input", IN).filterNot((k, v) -> v.startsWith("a") || "D".equals(k), kv("kept", STR))
                .toStream().to("output", OUT)));

        l.add(c("table-map-values").out("output").spec("""
            table(`input`) -> mapValues((k, v) => k + "=" + upper(v)) (not materialised) -> toStream -> to(`output`). The mapper is
            not called for tombstones; they are forwarded as tombstones.
            """).dsl(b -> b.table("input", IN).mapValues((k, v) -> k + "=" + v.toUpperCase()).toStream().to("output", OUT)));

        l.add(c("table-map-values-materialized").out("output").store("mapped", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`) -> mapValues(v => v starts with "b" ? null : v + v, store `mapped`) -> toStream -> to(`output`). A mapper
            result of null deletes the row and is forwarded as a tombstone.
            """).dsl(b -> b.table("input", IN).mapValues(v -> v.startsWith("b") ? null : v + v, kv("mapped", STR))
                .toStream().to("output", OUT)));

        l.add(c("table-map-filter-chain").out("output").out("lengths", Fmt.STRING, Fmt.LONG).store("lengths-store", TIMESTAMPED_KEY_VALUE).spec("""
            t = table(`input`) -> mapValues(v => length(v) as int64, store `lengths-store`). t -> toStream -> to(`lengths`, int64).
            t -> filter((k, n) => n >= 4) -> mapValues(n => "len" + n) -> toStream -> to(`output`).
            """).dsl(b -> {
                final KTable<String, Long> t = b.table("input", IN).mapValues(v -> (long) v.length(), kv("lengths-store", I64));
                t.toStream().to("lengths", OUT_LONG);
                t.filter((k, n) -> n >= 4).mapValues(n -> "len" + n).toStream().to("output", OUT);
            }));

        l.add(c("table-transform-values").out("output").store("transformed", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`) -> transformValues(T, store `transformed`) -> toStream -> to(`output`), T: (k, v) => v == null ? "gone:" +
            k : v == "fig" ? null : k + ":" + v. Unlike mapValues, the transformer is called for tombstones too.
            """).dsl(b -> b.table("input", IN).transformValues(() -> new ValueTransformerWithKey<String, String, String>() {
                @Override
                public void init(final ProcessorContext context) { }

                @Override
                public String transform(final String k, final String v) {
                    return v == null ? "gone:" + k : "fig".equals(v) ? null : k + ":" + v;
                }

                @Override
                public void close() { }
            }, kv("transformed", STR)).toStream().to("output", OUT)));

        l.add(c("table-group-by-count").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`) -> groupBy((k, v) => [first character of v, v]) -> count(store `counts`) -> toStream -> to(`output`,
            int64). A tombstone only subtracts. An update that moves a row to another group gives two results: the subtraction in
            the old group, then the addition in the new group. An update within one group gives one result: subtract, then add,
            emitted once (see FORMAT.md, "Grouped tables"). A group that becomes empty keeps the count 0.
            """).dsl(b -> b.table("input", IN).groupBy((k, v) -> KeyValue.pair(v.substring(0, 1), v), GROUPED)
                .count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("table-group-by-reduce").in("input", Fmt.STRING, Fmt.LONG).out("output", Fmt.STRING, Fmt.LONG)
            .store("sums", TIMESTAMPED_KEY_VALUE).gen(TableCases::amounts).spec("""
            table(`input`, int64) -> groupBy((k, v) => [v even ? "even" : "odd", v]) -> reduce(adder (a, v) => a + v, subtractor
            (a, v) => a - v, store `sums`, int64) -> toStream -> to(`output`, int64). A group whose rows all left stays in the store
            with value 0.
            """).dsl(b -> b.table("input", IN_LONG)
                .groupBy((k, v) -> KeyValue.pair(v % 2 == 0 ? "even" : "odd", v), Grouped.with(STR, I64))
                .reduce(Long::sum, (a, v) -> a - v, kv("sums", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("table-group-by-aggregate").in("input", Fmt.STRING, Fmt.JSON).out("output", Fmt.STRING, Fmt.JSON)
            .store("regions", TIMESTAMPED_KEY_VALUE).gen(TableCases::orders).spec("""
            table(`input`, JSON {"region": string or null, "amount": int}) -> groupBy((k, v) => [v.region, {"id": k, "amount":
            v.amount}], JSON) -> aggregate(init {"total":0,"ids":[]}; adder: total + amount, ids = sorted set union {id};
            subtractor: total - amount, ids without id; store `regions`, JSON) -> toStream -> to(`output`, JSON). Rows whose region
            is null are not sent to any group (but an update from a region to null subtracts from the old region).
            """).dsl(b -> b.table("input", IN_JSON)
                .groupBy((k, v) -> KeyValue.pair(region(v), (JsonNode) Json.obj("id", k, "amount", v.get("amount"))),
                    Grouped.with(STR, JSON))
                .aggregate(() -> (JsonNode) Json.obj("total", 0, "ids", List.of()),
                    (k, v, a) -> change(a, v, 1), (k, v, a) -> change(a, v, -1), kv("regions", JSON))
                .toStream().to("output", OUT_JSON)));

        l.add(c("table-group-by-aggregate-delete").in("input", Fmt.STRING, Fmt.LONG).out("output", Fmt.STRING, Fmt.LONG)
            .store("counts", TIMESTAMPED_KEY_VALUE).gen(TableCases::amounts).spec("""
            table(`input`, int64) -> groupBy((k, v) => ["g" + (v % 3), v]) -> aggregate(init 0; adder (k, v, a) => a + 1; subtractor
            (k, v, a) => a == 1 ? null : a - 1; store `counts`, int64) -> toStream -> to(`output`, int64). A subtractor that returns
            null deletes the group; if the same record also adds to the group, the adder starts from init.
            """).dsl(b -> b.table("input", IN_LONG)
                .groupBy((k, v) -> KeyValue.pair("g" + v % 3, v), Grouped.with(STR, I64))
                .aggregate(() -> 0L, (k, v, a) -> a + 1, (k, v, a) -> a == 1 ? null : a - 1, kv("counts", I64))
                .toStream().to("output", OUT_LONG)));

        l.add(c("table-filter-group-by-count").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`) -> filter((k, v) => length(v) > 3) -> groupBy((k, v) => [first character of v, v]) -> count(store
            `counts`) -> toStream -> to(`output`, int64). Because a grouped table needs old values, the filter knows the old row: a
            change from failing to failing is not forwarded at all.
            """).dsl(b -> b.table("input", IN).filter((k, v) -> v.length() > 3)
                .groupBy((k, v) -> KeyValue.pair(v.substring(0, 1), v), GROUPED)
                .count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("table-filter-group-by-and-stream").out("output").out("counted", Fmt.STRING, Fmt.LONG).spec("""
            f = table(`input`) -> filter((k, v) => length(v) > 3). f -> toStream -> to(`output`). f -> groupBy((k, v) => ["all", v])
            -> count -> toStream -> to(`counted`, int64). The second use makes the filter forward old values, so `output` gets no
            tombstone for a row that failed before and fails again (compare table-filter).
            """).dsl(b -> {
                final KTable<String, String> f = b.table("input", IN).filter((k, v) -> v.length() > 3);
                f.toStream().to("output", OUT);
                f.groupBy((k, v) -> KeyValue.pair("all", v), GROUPED).count(Materialized.with(STR, I64)).toStream().to("counted", OUT_LONG);
            }));

        l.add(c("count-of-count").in("input").out("output", Fmt.LONG, Fmt.LONG).out("counts", Fmt.STRING, Fmt.LONG).spec("""
            t = stream(`input`) -> groupByKey -> count. t -> toStream -> to(`counts`, int64). t -> groupBy((k, n) => [n % 5 as int64
            key, k]) -> count -> toStream -> to(`output`, int64 key, int64 value). Meant as: how many keys have a count that is i modulo 5;
            but the first count of a key has the OLD value 0 (the initial value of count, not null), so group 0 gets a subtraction
            for a row it never had. See FORMAT.md, "Initial value as old value".
            """).dsl(b -> {
                final KTable<String, Long> t = b.stream("input", IN).groupByKey(GROUPED).count();
                t.toStream().to("counts", OUT_LONG);
                t.groupBy((k, n) -> KeyValue.pair(n % 5, k), Grouped.with(I64, STR)).count().toStream()
                    .to("output", org.apache.kafka.streams.kstream.Produced.with(I64, I64));
            }));

        l.add(c("count-of-count-guarded").in("input").out("output", Fmt.LONG, Fmt.LONG).spec("""
            stream(`input`) -> groupByKey -> count -> filter((k, n) => n > 0) -> groupBy((k, n) => [n % 5 as int64 key, k]) -> count ->
            toStream -> to(`output`, int64 key, int64 value). The filter turns the initial old value 0 into null, so the groups
            count keys correctly.
            """).dsl(b -> b.stream("input", IN).groupByKey(GROUPED).count().filter((k, n) -> n > 0)
                .groupBy((k, n) -> KeyValue.pair(n % 5, k), Grouped.with(I64, STR)).count().toStream()
                .to("output", org.apache.kafka.streams.kstream.Produced.with(I64, I64))));

        l.add(c("to-table").out("output").store("latest", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> toTable(store `latest`) -> toStream -> to(`output`). A null value is a tombstone; null keys are dropped.
            """).dsl(b -> b.stream("input", IN).toTable(kv("latest", STR)).toStream().to("output", OUT)));

        l.add(c("to-table-after-select-key").out("output").store("latest", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> selectKey((k, v) => v == null ? k : first character of v) -> toTable(store `latest`) (repartitions) ->
            mapValues(v => upper(v)) -> toStream -> to(`output`). Null new keys are dropped.
            """).dsl(b -> b.stream("input", IN).selectKey((k, v) -> v == null ? k : v.substring(0, 1))
                .toTable(kv("latest", STR)).mapValues(v -> v.toUpperCase()).toStream().to("output", OUT)));

        l.add(c("to-table-group-by-reduce").out("output").store("joined", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> filter(k != null) -> toTable -> groupBy((k, v) => [length(v) odd ? "odd" : "even", v]) -> reduce(adder
            (a, v) => a + v + ";", subtractor (a, v) => a with the first occurrence of v + ";" removed (unchanged if there is none),
            store `joined`, string) -> toStream -> to(`output`). The first value of a group is stored as it is, without ";", so a
            later subtraction of exactly that value does not find it: this pins down that reduce does not call the adder for the
            first value.
            """).dsl(b -> b.stream("input", IN).filter((k, v) -> k != null).toTable()
                .groupBy((k, v) -> KeyValue.pair(v.length() % 2 == 1 ? "odd" : "even", v), GROUPED)
                .reduce((a, v) -> a + v + ";", (a, v) -> {
                    final int i = a.indexOf(v + ";");
                    return i < 0 ? a : a.substring(0, i) + a.substring(i + v.length() + 1);
                }, kv("joined", STR)).toStream().to("output", OUT)));

        l.add(new Case(FAMILY, "global-table-store").in("global").in("input").out("output").store("global-store", TIMESTAMPED_KEY_VALUE).spec("""
            globalTable(`global`, store `global-store`); stream(`input`) -> to(`output`). The final content of the global store is
            the latest value per key; records with a null key are skipped; tombstones delete.
            """).dsl(b -> {
                b.globalTable("global", IN, kv("global-store", STR));
                b.stream("input", IN).to("output", OUT);
            }).gen(g -> {
                for (int i = 0; i < 50; i++) {
                    g.pipe(g.chance(0.8) ? "global" : "input", g.keyOrNull(0.05), g.wordOrNull(0.2), g.ts());
                }
            }));
        return l;
    }

    private static JsonNode change(final JsonNode agg, final JsonNode row, final int sign) {
        final TreeSet<String> ids = new TreeSet<>();
        agg.get("ids").forEach(n -> ids.add(n.asText()));
        if (sign > 0) {
            ids.add(row.get("id").asText());
        } else {
            ids.remove(row.get("id").asText());
        }
        return Json.obj("total", agg.get("total").asLong() + sign * row.get("amount").asLong(), "ids", List.copyOf(ids));
    }
}
