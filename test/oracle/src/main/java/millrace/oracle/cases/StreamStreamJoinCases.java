package millrace.oracle.cases;

import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Gen;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;

/** Windowed joins of two streams. */
public final class StreamStreamJoinCases {
    private static final String FAMILY = "Stream-stream joins";
    private static final StreamJoined<String, String, String> JOINED = StreamJoined.with(STR, STR, STR);
    private static final ValueJoiner<String, String, String> PLUS = (x, y) -> str(x) + "+" + str(y);
    private static final String JOINER = "joiner (l, r) => str(l) + \"+\" + str(r)";

    private enum Kind { INNER, LEFT, OUTER }

    private StreamStreamJoinCases() { }

    private static Consumer<Gen> gen(final long step, final long ooo, final double pLate, final long late, final double pNull) {
        return g -> {
            for (int i = 0; i < 68; i++) {
                final boolean left = g.chance(0.5);
                g.pipe(left ? "left" : "right", g.chance(pNull) ? null : g.pick("A", "B", "C"),
                    g.chance(pNull) ? null : g.uniq(left ? "l" : "r"), g.ts(step, 0.25, ooo, pLate, late));
            }
            // Two records far in the future close every window, on both sides.
            g.pipe("left", "flush", "fl", g.now + 1_000_000);
            g.pipe("right", "flush", "fr", g.now + 2_000_000);
            g.pipe("left", "flush", "fl2", g.now + 3_000_000);
        };
    }

    private static JoinWindows windows(final long before, final long after, final long grace) {
        return JoinWindows.ofTimeDifferenceAndGrace(ms(Math.max(before, after)), ms(grace)).before(ms(before)).after(ms(after));
    }

    private static Case join(final String name, final Kind kind, final long before, final long after, final long grace,
                             final Consumer<Gen> gen) {
        final String op = kind.name().toLowerCase() + " join";
        return new Case(FAMILY, name).in("left").in("right").out("output")
            .compare(kind == Kind.INNER ? Compare.STRICT : Compare.MULTISET).gen(gen)
            .spec("stream(`left`) " + op + " stream(`right`), join window before " + before + " ms, after " + after + " ms (a right record"
                + " joins a left record if left.ts - " + before + " <= right.ts <= left.ts + " + after + "), grace " + grace + " ms, " + JOINER
                + " -> to(`output`). Join state retention is the default: before + after + grace = " + (before + after + grace) + " ms.\n"
                + "Null keys and null values: see FORMAT.md, \"Stream-stream joins\", also for lateness and (left, outer) for the moment"
                + " at which unmatched records are emitted.")
            .dsl(b -> {
                final KStream<String, String> l = b.stream("left", IN);
                final KStream<String, String> r = b.stream("right", IN);
                final JoinWindows w = windows(before, after, grace);
                (switch (kind) {
                    case INNER -> l.join(r, PLUS, w, JOINED);
                    case LEFT -> l.leftJoin(r, PLUS, w, JOINED);
                    case OUTER -> l.outerJoin(r, PLUS, w, JOINED);
                }).to("output", OUT);
            });
    }

    /** A stream that is joined with itself. */
    private static Consumer<StreamsBuilder> selfJoin(final long before, final long after, final long grace) {
        return b -> {
            final KStream<String, String> s = b.stream("input", IN);
            s.join(s, PLUS, windows(before, after, grace), JOINED).to("output", OUT);
        };
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();
        final Consumer<Gen> calm = gen(200, 600, 0, 0, 0.04);
        final Consumer<Gen> wild = gen(200, 1500, 0.08, 6000, 0.04);
        final Consumer<Gen> inOrder = gen(300, 0, 0, 0, 0);

        l.add(join("inner-join-in-order", Kind.INNER, 500, 500, 0, inOrder));
        l.add(join("inner-join-symmetric", Kind.INNER, 500, 500, 60_000, calm));
        l.add(join("inner-join-no-grace", Kind.INNER, 500, 500, 0, wild));
        l.add(join("inner-join-grace", Kind.INNER, 400, 400, 1000, wild));
        l.add(join("inner-join-asymmetric", Kind.INNER, 200, 900, 500, wild));
        l.add(join("inner-join-before-only", Kind.INNER, 800, 0, 1000, calm));
        l.add(join("inner-join-after-only", Kind.INNER, 0, 800, 1000, calm));
        l.add(join("inner-join-zero-window", Kind.INNER, 0, 0, 5000, gen(1, 2, 0, 0, 0.02)));
        l.add(join("left-join-in-order", Kind.LEFT, 500, 500, 0, inOrder));
        l.add(join("left-join-grace", Kind.LEFT, 500, 500, 400, calm));
        l.add(join("left-join-late", Kind.LEFT, 400, 400, 300, wild));
        l.add(join("left-join-asymmetric", Kind.LEFT, 200, 900, 300, calm));
        l.add(join("outer-join-in-order", Kind.OUTER, 500, 500, 0, inOrder));
        l.add(join("outer-join-grace", Kind.OUTER, 500, 500, 400, calm));
        l.add(join("outer-join-late", Kind.OUTER, 400, 400, 300, wild));
        l.add(join("outer-join-asymmetric", Kind.OUTER, 900, 200, 300, calm));

        l.add(new Case(FAMILY, "inner-join-repartition").in("left").in("right").out("output").gen(g -> {
            for (int i = 0; i < 68; i++) {
                g.pipe(g.pick("left", "right"), g.keyOrNull(0.1), g.pick("x", "y", "z") + i, g.ts(200, 0.2, 500, 0, 0));
            }
        }).spec("""
            stream(`left`) -> selectKey((k, v) => first character of v); stream(`right`) -> selectKey((k, v) => first character of v);
            inner join, window 400 ms before and after, grace 1000 ms, joiner with key (k, l, r) => k + ":" + l + "+" + r -> to(`output`).
            Both sides are repartitioned before the join.
            """).dsl(b -> b.stream("left", IN).selectKey((k, v) -> v.substring(0, 1))
                .join(b.stream("right", IN).selectKey((k, v) -> v.substring(0, 1)), (k, x, y) -> k + ":" + x + "+" + y,
                    windows(400, 400, 1000), JOINED).to("output", OUT)));

        final Consumer<Gen> selfGen = g -> {
            for (int i = 0; i < 50; i++) {
                g.pipe("input", g.keyOrNull(0.04), g.chance(0.04) ? null : g.uniq("v"), g.ts(200, 0.25, 600, 0.05, 4000));
            }
        };
        l.add(new Case(FAMILY, "self-join").in("input").out("output").gen(selfGen).spec("""
            s = stream(`input`); s inner join s, window 500 ms before and after, grace 300 ms, %s -> to(`output`), without
            optimisation: two join stores. A record first acts as the left side (it is put into the left store and joined with the
            right store, which does not hold it yet), then as the right side (put into the right store and joined with the left
            store, which holds it: it joins itself).
            """.formatted(JOINER)).dsl(selfJoin(500, 500, 300)));

        l.add(new Case(FAMILY, "self-join-asymmetric").in("input").out("output").gen(selfGen).spec("""
            As self-join, window before 0 ms, after 700 ms, grace 300 ms: right.ts in [left.ts, left.ts + 700].
            """).dsl(selfJoin(0, 700, 300)));

        l.add(new Case(FAMILY, "self-join-optimized").in("input").out("output").compare(Compare.MULTISET)
            .config("topology.optimization", "single.store.self.join").gen(g -> {
                for (int i = 0; i < 50; i++) {
                    g.pipe("input", g.key(), g.uniq("v"), g.ts(200, 0.25, 500, 0, 0));
                }
            }).spec("""
            As self-join (window 500 ms before and after), grace 60000 ms, with the single-store optimisation on. Same results.
            """).dsl(selfJoin(500, 500, 60_000)));

        l.add(new Case(FAMILY, "left-join-select-key").in("left").in("right").out("output").compare(Compare.MULTISET)
            .gen(gen(250, 400, 0, 0, 0)).spec("""
            stream(`left`) left join stream(`right`), window 300 ms before and after, grace 200 ms, joiner (l, r) => r == null ?
            "unmatched" : "matched" -> selectKey((k, v) => k + ":" + v) -> to(`output`).
            """).dsl(b -> b.stream("left", IN).leftJoin(b.stream("right", IN), (x, y) -> y == null ? "unmatched" : "matched",
                windows(300, 300, 200), JOINED).selectKey((k, v) -> k + ":" + v).to("output", OUT)));
        l.add(new Case(FAMILY, "inner-join-headers").in("left").in("right").out("output").gen(g -> {
            for (int i = 0; i < 48; i++) {
                final boolean left = g.chance(0.5);
                g.pipeNumbered(left ? "left" : "right", g.pick("A", "B", "C"), g.uniq(left ? "l" : "r"), g.ts(200, 0.2, 500, 0, 0));
            }
        }).spec("""
            stream(`left`) inner join stream(`right`), window 500 ms before and after, grace 60000 ms, %s -> to(`output`). Every input
            record has a header ("n", step index); a result carries the headers of the record that triggered it.
            """.formatted(JOINER)).dsl(b -> b.stream("left", IN).join(b.stream("right", IN), PLUS, windows(500, 500, 60_000), JOINED)
                .to("output", OUT)));
        return l;
    }
}
