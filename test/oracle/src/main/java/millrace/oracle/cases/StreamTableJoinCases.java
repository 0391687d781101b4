package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.Stores;

/** Joins of a stream with a table, a versioned table and a global table. */
public final class StreamTableJoinCases {
    private static final String FAMILY = "Stream-table joins";
    private static final String JOINER = "joiner (s, t) => str(s) + \"+\" + str(t)";

    private StreamTableJoinCases() { }

    private static String plus(final String x, final String y) {
        return str(x) + "+" + str(y);
    }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("stream").in("table").out("output").gen(gen(400, 600));
    }

    private static Consumer<Gen> gen(final long step, final long ooo) {
        return gen(step, ooo, 0.06);
    }

    private static Consumer<Gen> gen(final long step, final long ooo, final double pNullKey) {
        return g -> {
            for (int i = 0; i < 68; i++) {
                if (g.chance(0.55)) {
                    g.pipe("stream", g.keyOrNull(pNullKey), g.chance(0.06) ? null : g.uniq("s"), g.ts(step, 0.3, ooo, 0.04, 10 * ooo));
                } else {
                    g.pipe("table", g.keyOrNull(0.04), g.chance(0.2) ? null : g.uniq("t"), g.ts(step, 0.3, ooo, 0.04, 10 * ooo));
                }
            }
        };
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("stream-table-inner").spec("""
            stream(`stream`) join table(`table`), %s -> to(`output`). Only stream records trigger results; the timestamp is that of the
            stream record, whatever the table's. Stream records with a null key or a null value are dropped.
            """.formatted(JOINER)).dsl(b -> b.stream("stream", IN).join(b.table("table", IN), StreamTableJoinCases::plus)
                .to("output", OUT)));

        l.add(c("stream-table-left").spec("""
            stream(`stream`) leftJoin table(`table`), %s -> to(`output`). A stream record with a null key and a non-null value is
            joined with null and forwarded (with its null key); a null value is dropped.
            """.formatted(JOINER)).dsl(b -> b.stream("stream", IN).leftJoin(b.table("table", IN), StreamTableJoinCases::plus)
                .to("output", OUT)));

        l.add(c("stream-table-inner-repartition").spec("""
            stream(`stream`) -> filter(v != null) -> selectKey((k, v) => k == null ? "A" : k == "B" ? null : k) -> join table(`table`)
            with key, joiner (k, s, t) => k + ":" + s + "+" + t -> to(`output`). The stream is repartitioned; records with a null key
            do not join.
            """).dsl(b -> b.stream("stream", IN).filter((k, v) -> v != null)
                .selectKey((k, v) -> k == null ? "A" : "B".equals(k) ? null : k)
                .join(b.table("table", IN), (k, s, t) -> k + ":" + s + "+" + t, Joined.with(STR, STR, STR)).to("output", OUT)));

        l.add(c("stream-table-left-repartition").spec("""
            stream(`stream`) -> filter(v != null) -> selectKey((k, v) => k == "B" ? null : k) -> leftJoin table(`table`), %s ->
            to(`output`). Records with a null key pass the repartitioning and are joined with null.
            """.formatted(JOINER)).dsl(b -> b.stream("stream", IN).filter((k, v) -> v != null)
                .selectKey((k, v) -> "B".equals(k) ? null : k)
                .leftJoin(b.table("table", IN), StreamTableJoinCases::plus, Joined.with(STR, STR, STR)).to("output", OUT)));

        l.add(c("stream-filtered-table-join").spec("""
            stream(`stream`) leftJoin (table(`table`) -> filter((k, v) => last character of v is an even digit) -> mapValues(v => upper
            (v))), %s -> to(`output`). The derived table is not materialised: the join reads the source table and applies filter
            and mapper.
            """.formatted(JOINER)).dsl(b -> b.stream("stream", IN).leftJoin(b.table("table", IN)
                .filter((k, v) -> (v.charAt(v.length() - 1) - '0') % 2 == 0).mapValues(v -> v.toUpperCase()),
                StreamTableJoinCases::plus).to("output", OUT)));

        l.add(c("stream-aggregated-table-join").spec("""
            stream(`stream`) leftJoin (stream(`table`) -> groupByKey -> count(store `counts`)), joiner (s, n) => str(s) + "+" + str(n)
            -> to(`output`).
            """).store("counts", TIMESTAMPED_KEY_VALUE).dsl(b -> {
                final KTable<String, Long> counts = b.stream("table", IN).groupByKey(GROUPED).count(kv("counts", I64));
                b.stream("stream", IN).leftJoin(counts, (s, n) -> str(s) + "+" + str(n), Joined.with(STR, STR, I64)).to("output", OUT);
            }));

        l.add(new Case(FAMILY, "stream-joins-own-aggregate").in("stream").out("output").spec("""
            s = stream(`stream`); counts = s -> groupByKey -> count (added first); s leftJoin counts, joiner (v, n) => v + "+" + str(n)
            -> to(`output`). The count node was added to the source before the join node, so a record is counted before it is
            joined and sees its own count.
            """).dsl(b -> {
                final KStream<String, String> s = b.stream("stream", IN);
                final KTable<String, Long> counts = s.groupByKey(GROUPED).count(Materialized.with(STR, I64));
                s.leftJoin(counts, (v, n) -> v + "+" + str(n), Joined.with(STR, STR, I64)).to("output", OUT);
            }).gen(g -> {
                for (int i = 0; i < 50; i++) {
                    g.pipe("stream", g.keyOrNull(0.05), g.chance(0.05) ? null : g.uniq("s"), g.ts());
                }
            }));

        l.add(c("stream-versioned-table-join").spec("""
            stream(`stream`) leftJoin table(`table`, versioned store `versioned`, history retention 60000 ms), %s -> to(`output`). The
            join looks up the table version that was valid at the timestamp of the stream record (not the latest).
            """.formatted(JOINER)).store("versioned", Case.StoreKind.VERSIONED).dsl(b -> b.stream("stream", IN)
                .leftJoin(b.table("table", IN, Materialized.<String, String>as(
                    Stores.persistentVersionedKeyValueStore("versioned", Duration.ofMillis(60_000))).withKeySerde(STR).withValueSerde(STR)),
                    StreamTableJoinCases::plus).to("output", OUT)));

        l.add(c("stream-versioned-table-short-history").spec("""
            As stream-versioned-table-join, with history retention 1500 ms: table records older than the store's stream time minus
            1500 ms are dropped, and lookups older than that find nothing. See FORMAT.md, "Versioned tables".
            """).store("versioned", Case.StoreKind.VERSIONED_LATEST).gen(gen(300, 1500)).dsl(b -> b.stream("stream", IN)
                .leftJoin(b.table("table", IN, Materialized.<String, String>as(
                    Stores.persistentVersionedKeyValueStore("versioned", Duration.ofMillis(1500))).withKeySerde(STR).withValueSerde(STR)),
                    StreamTableJoinCases::plus).to("output", OUT)));

        for (final boolean left : new boolean[] {false, true}) {
            l.add(c(left ? "stream-table-grace-left" : "stream-table-grace-inner").compare(Compare.PER_KEY).spec("""
                stream(`stream`) %s table(`table`, versioned store `versioned`, history retention 60000 ms) with Joined.withGracePeriod(
                2000 ms) (KIP-923), %s -> to(`output`). Stream records wait in a buffer until the stream time of the join's stream side
                passes timestamp + grace, are then taken in timestamp order and joined with the version valid at their timestamp. The
                input ends with a stream record far in the future (key "flush") that empties the buffer of everything but itself. Stream records
                with a null value are dropped; null stream keys are dropped by the inner join and do not occur in the left join case
                (Kafka fails on them). See FORMAT.md, "Stream-table join with grace".
                """.formatted(left ? "leftJoin" : "join", JOINER)).dsl(b -> {
                    final KTable<String, String> t = b.table("table", IN, Materialized.<String, String>as(
                        Stores.persistentVersionedKeyValueStore("versioned", Duration.ofMillis(60_000))).withKeySerde(STR).withValueSerde(STR));
                    final Joined<String, String, String> j = Joined.with(STR, STR, STR, "graced", ms(2000));
                    final KStream<String, String> s = b.stream("stream", IN);
                    (left ? s.leftJoin(t, StreamTableJoinCases::plus, j) : s.join(t, StreamTableJoinCases::plus, j)).to("output", OUT);
                }).gen(gen(400, 1500, left ? 0 : 0.06).andThen(g -> g.pipe("stream", "flush", "flush", g.now + 30_000))));
        }

        l.add(c("stream-table-headers").gen(g -> {
            for (int i = 0; i < 48; i++) {
                final boolean stream = g.chance(0.6);
                g.pipeNumbered(stream ? "stream" : "table", g.key(), g.uniq(stream ? "s" : "t"), g.ts());
            }
        }).spec("""
            stream(`stream`) leftJoin table(`table`), %s -> to(`output`). Every input record has a header ("n", step index); a result carries
            the headers of the stream record.
            """.formatted(JOINER)).dsl(b -> b.stream("stream", IN).leftJoin(b.table("table", IN), StreamTableJoinCases::plus)
                .to("output", OUT)));

        final Consumer<Gen> globalGen = g -> {
            for (int i = 0; i < 64; i++) {
                if (g.chance(0.6)) {
                    g.pipe("stream", g.keyOrNull(0.06), g.chance(0.06) ? null : g.pick("x", "y", "z") + i, g.ts());
                } else {
                    g.pipe("table", g.pick("x", "y", "z", "w"), g.chance(0.2) ? null : g.uniq("g"), g.ts());
                }
            }
        };
        l.add(c("stream-global-table-inner").gen(globalGen).store("global", TIMESTAMPED_KEY_VALUE).spec("""
            g = globalTable(`table`, store `global`); stream(`stream`) join g, key selector (k, v) => v == null ? null : first character
            of v, %s -> to(`output`). The result keeps the key of the stream record (null keys too). Records with a null value or a
            null selected key are dropped.
            """.formatted(JOINER)).dsl(b -> {
                final GlobalKTable<String, String> g = b.globalTable("table", IN, kv("global", STR));
                b.stream("stream", IN).join(g, (k, v) -> v == null ? null : v.substring(0, 1), StreamTableJoinCases::plus).to("output", OUT);
            }));

        l.add(c("stream-global-table-left").gen(globalGen).store("global", TIMESTAMPED_KEY_VALUE).spec("""
            g = globalTable(`table`, store `global`); stream(`stream`) leftJoin g, key selector (k, v) => v == null || k == "A" ? null :
            first character of v, joiner with the stream key (k, s, t) => str(k) + ":" + str(s) + "+" + str(t) -> to(`output`). A null
            selected key joins with null; a record with a null value is dropped.
            """).dsl(b -> {
                final GlobalKTable<String, String> g = b.globalTable("table", IN, kv("global", STR));
                b.stream("stream", IN).leftJoin(g, (k, v) -> v == null || "A".equals(k) ? null : v.substring(0, 1),
                    (k, s, t) -> str(k) + ":" + str(s) + "+" + str(t)).to("output", OUT);
            }));

        l.add(c("stream-global-table-chain").in("stream", Fmt.STRING, Fmt.STRING).in("other").gen(g -> {
            for (int i = 0; i < 68; i++) {
                switch ((int) g.between(0, 2)) {
                    case 0 -> g.pipe("stream", g.key(), g.pick("x", "y", "z"), g.ts());
                    case 1 -> g.pipe("table", g.pick("x", "y", "z"), g.chance(0.15) ? null : g.pick("p", "q"), g.ts());
                    default -> g.pipe("other", g.pick("p", "q"), g.chance(0.15) ? null : g.uniq("o"), g.ts());
                }
            }
        }).spec("""
            g1 = globalTable(`table`), g2 = globalTable(`other`). stream(`stream`) join g1 with key selector (k, v) => v and joiner (s, t)
            => t, leftJoin g2 with key selector (k, v) => v and %s -> groupByKey -> reduce((a, v) => v) -> toStream -> to(`output`).
            """.formatted(JOINER)).dsl(b -> {
                final GlobalKTable<String, String> g1 = b.globalTable("table", IN, kv("g1", STR));
                final GlobalKTable<String, String> g2 = b.globalTable("other", IN, kv("g2", STR));
                b.stream("stream", IN).join(g1, (k, v) -> v, (s, t) -> t).leftJoin(g2, (k, v) -> v, StreamTableJoinCases::plus)
                    .groupByKey(Grouped.with(STR, STR)).reduce((a, v) -> v, kv("last", STR)).toStream().to("output", OUT);
            }));
        return l;
    }
}
