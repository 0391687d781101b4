package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.KTable;

/** Primary-key joins of two tables. */
public final class TableTableJoinCases {
    private static final String FAMILY = "Table-table joins";
    private static final String JOINER = "joiner (l, r) => str(l) + \"+\" + str(r)";

    private TableTableJoinCases() { }

    private static String plus(final String x, final String y) {
        return str(x) + "+" + str(y);
    }

    private static void gen(final Gen g) {
        for (int i = 0; i < 68; i++) {
            final boolean left = g.chance(0.5);
            g.pipe(left ? "left" : "right", g.keyOrNull(0.04), g.chance(0.22) ? null : g.uniq(left ? "l" : "r"), g.ts());
        }
    }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("left").in("right").out("output").gen(TableTableJoinCases::gen);
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();
        final String see = "\nThe result timestamp is max(timestamps of both rows). See FORMAT.md, \"Table-table joins\", for when tombstones are emitted.";

        l.add(c("table-table-inner").spec("table(`left`) join table(`right`), " + JOINER + " (not materialised) -> toStream -> to(`output`)." + see)
            .dsl(b -> b.table("left", IN).join(b.table("right", IN), TableTableJoinCases::plus).toStream().to("output", OUT)));
        l.add(c("table-table-left").spec("table(`left`) leftJoin table(`right`), " + JOINER + " (not materialised) -> toStream -> to(`output`)." + see)
            .dsl(b -> b.table("left", IN).leftJoin(b.table("right", IN), TableTableJoinCases::plus).toStream().to("output", OUT)));
        l.add(c("table-table-outer").spec("table(`left`) outerJoin table(`right`), " + JOINER + " (not materialised) -> toStream -> to(`output`)." + see)
            .dsl(b -> b.table("left", IN).outerJoin(b.table("right", IN), TableTableJoinCases::plus).toStream().to("output", OUT)));
        l.add(c("table-table-inner-materialized").store("joined", TIMESTAMPED_KEY_VALUE)
            .spec("table(`left`) join table(`right`), " + JOINER + ", store `joined` -> toStream -> to(`output`)." + see)
            .dsl(b -> b.table("left", IN).join(b.table("right", IN), TableTableJoinCases::plus, kv("joined", STR)).toStream().to("output", OUT)));
        l.add(c("table-table-left-materialized").store("joined", TIMESTAMPED_KEY_VALUE)
            .spec("table(`left`) leftJoin table(`right`), " + JOINER + ", store `joined` -> toStream -> to(`output`)." + see)
            .dsl(b -> b.table("left", IN).leftJoin(b.table("right", IN), TableTableJoinCases::plus, kv("joined", STR)).toStream().to("output", OUT)));
        l.add(c("table-table-outer-materialized").store("joined", TIMESTAMPED_KEY_VALUE)
            .spec("table(`left`) outerJoin table(`right`), " + JOINER + ", store `joined` -> toStream -> to(`output`)." + see)
            .dsl(b -> b.table("left", IN).outerJoin(b.table("right", IN), TableTableJoinCases::plus, kv("joined", STR)).toStream().to("output", OUT)));

        l.add(c("table-table-filtered-sides").spec("""
            (table(`left`) -> filter((k, v) => last character of v is an even digit)) outerJoin (table(`right`) -> mapValues(v => upper
            (v))), %s -> toStream -> to(`output`). Both inputs of the join are derived tables that are not materialised.
            """.formatted(JOINER) + see).dsl(b -> b.table("left", IN).filter((k, v) -> (v.charAt(v.length() - 1) - '0') % 2 == 0)
                .outerJoin(b.table("right", IN).mapValues(v -> v.toUpperCase()), TableTableJoinCases::plus).toStream().to("output", OUT)));

        l.add(c("table-table-three-way").in("third").gen(g -> {
            for (int i = 0; i < 85; i++) {
                final String t = g.pick("left", "right", "third");
                g.pipe(t, g.pick("A", "B", "C"), g.chance(0.25) ? null : g.uniq(t.substring(0, 1)), g.ts());
            }
        }).spec("""
            (table(`left`) join table(`right`), %s) leftJoin table(`third`), joiner (x, y) => "(" + str(x) + ")+" + str(y) -> toStream ->
            to(`output`).
            """.formatted(JOINER) + see).dsl(b -> b.table("left", IN).join(b.table("right", IN), TableTableJoinCases::plus)
                .leftJoin(b.table("third", IN), (x, y) -> "(" + str(x) + ")+" + str(y)).toStream().to("output", OUT)));

        l.add(c("table-table-join-group-by").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            (table(`left`) outerJoin table(`right`), joiner (l, r) => l == null ? "right-only" : r == null ? "left-only" : "both") ->
            groupBy((k, v) => [v, k]) -> count(store `counts`) -> toStream -> to(`output`, int64).
            """).dsl(b -> b.table("left", IN).outerJoin(b.table("right", IN),
                (x, y) -> x == null ? "right-only" : y == null ? "left-only" : "both")
                .groupBy((k, v) -> KeyValue.pair(v, k), GROUPED).count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("table-table-join-filter").spec("""
            (table(`left`) join table(`right`), %s) -> filter((k, v) => last character of v is an even digit) -> toStream -> to(`output`).
            """.formatted(JOINER) + see).dsl(b -> b.table("left", IN).join(b.table("right", IN), TableTableJoinCases::plus)
                .filter((k, v) -> (v.charAt(v.length() - 1) - '0') % 2 == 0).toStream().to("output", OUT)));

        l.add(new Case(FAMILY, "table-table-self-join").in("input").out("output").gen(TableCases::updates).spec("""
            t = table(`input`); t join (t -> mapValues(v => upper(v))), %s -> toStream -> to(`output`). One input record reaches the join
            from both sides, and both times the other side already shows the new row: two equal results per value.
            """.formatted(JOINER)).dsl(b -> {
                final KTable<String, String> t = b.table("input", IN);
                t.join(t.mapValues(v -> v.toUpperCase()), TableTableJoinCases::plus).toStream().to("output", OUT);
            }));

        l.add(new Case(FAMILY, "aggregate-table-join").in("left").in("right").out("output").gen(TableTableJoinCases::gen).spec("""
            (stream(`left`) -> groupByKey -> count) outerJoin (stream(`right`) -> groupByKey -> reduce((a, v) => v)), joiner (n, v) => str(n)
            + "+" + str(v) -> toStream -> to(`output`).
            """).dsl(b -> b.stream("left", IN).groupByKey(GROUPED).count(kv("n", I64))
                .outerJoin(b.stream("right", IN).groupByKey(GROUPED).reduce((a, v) -> v, kv("last", STR)),
                    (n, v) -> str(n) + "+" + str(v)).toStream().to("output", OUT)));
        return l;
    }
}
