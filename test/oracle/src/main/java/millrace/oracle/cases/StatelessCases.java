package millrace.oracle.cases;

import static millrace.oracle.cases.Dsl.*;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Gen;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;

/** Stateless operators: one input record in, zero or more records out, timestamps and headers kept. */
public final class StatelessCases {
    private static final String FAMILY = "Stateless operators";

    private StatelessCases() { }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").out("output").gen(StatelessCases::words);
    }

    private static Case simple(final String name, final String spec, final Consumer<KStream<String, String>> body) {
        return c(name).spec(spec).dsl(b -> body.accept(b.stream("input", IN)));
    }

    /** 60 records; null keys and null values sometimes. */
    private static void words(final Gen g) {
        for (int i = 0; i < 48; i++) {
            g.pipe("input", g.keyOrNull(0.1), g.wordOrNull(0.12), g.ts());
        }
    }

    private static void sentences(final Gen g) {
        for (int i = 0; i < 48; i++) {
            final int n = (int) g.between(0, 4);
            final List<String> w = new ArrayList<>();
            for (int j = 0; j < n; j++) {
                w.add(g.word());
            }
            g.pipe("input", g.keyOrNull(0.1), g.chance(0.1) ? null : String.join(" ", w), g.ts());
        }
    }

    private static void headered(final Gen g) {
        for (int i = 0; i < 48; i++) {
            final List<String[]> h = new ArrayList<>();
            if (g.chance(0.7)) {
                h.add(new String[] {"trace", "t" + i});
            }
            if (g.chance(0.4)) {
                h.add(new String[] {"drop", "x"});
            }
            if (g.chance(0.3)) {
                h.add(new String[] {"trace", "again" + i});
            }
            if (g.chance(0.15)) {
                h.add(new String[] {"empty", null});
            }
            g.pipe("input", g.key(), g.word(), g.ts(), h);
        }
    }

    private static List<String> splitWords(final String v) {
        return v == null ? List.of() : Arrays.stream(v.split(" ")).filter(s -> !s.isEmpty()).toList();
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(simple("pass-through", """
            stream(`input`) -> to(`output`). Null keys and null values pass unchanged, timestamps kept.
            """, s -> s.to("output", OUT)));

        l.add(simple("map", """
            stream(`input`) -> map((k, v) => [str(k) + "-m", v == null ? null : upper(v)]) -> to(`output`).
            """, s -> s.map((k, v) -> KeyValue.pair(str(k) + "-m", v == null ? null : v.toUpperCase())).to("output", OUT)));

        l.add(simple("map-values", """
            stream(`input`) -> mapValues(v => v == null ? "NULL" : v + ":" + length(v)) -> to(`output`). Null keys are kept.
            """, s -> s.mapValues(v -> v == null ? "NULL" : v + ":" + v.length()).to("output", OUT)));

        l.add(simple("map-values-with-key", """
            stream(`input`) -> mapValues((k, v) => str(k) + ":" + str(v)) -> to(`output`).
            """, s -> s.mapValues((k, v) -> str(k) + ":" + str(v)).to("output", OUT)));

        l.add(simple("map-values-to-null", """
            stream(`input`) -> mapValues(v => v == null || length(v) > 3 ? null : v) -> to(`output`). Results that are null are
            forwarded as records with a null value, not dropped.
            """, s -> s.mapValues(v -> v == null || v.length() > 3 ? null : v).to("output", OUT)));

        l.add(simple("filter", """
            stream(`input`) -> filter((k, v) => v != null && length(v) is odd) -> to(`output`).
            """, s -> s.filter((k, v) -> v != null && v.length() % 2 == 1).to("output", OUT)));

        l.add(simple("filter-not", """
            stream(`input`) -> filterNot((k, v) => k == "A" || (v != null && v starts with "a")) -> to(`output`). Records with
            a null key or a null value are kept (the predicate is false for them unless the other half matches).
            """, s -> s.filterNot((k, v) -> "A".equals(k) || (v != null && v.startsWith("a"))).to("output", OUT)));

        l.add(simple("flat-map", """
            stream(`input`) -> flatMap((k, v) => words(v).map((w, i) => [w, str(k) + "#" + i])) -> to(`output`), where words(v)
            is the empty list for null, else v split on single spaces without empty pieces; i counts from 0. All results carry
            the timestamp of the input record.
            """, s -> s.flatMap((k, v) -> {
                final List<KeyValue<String, String>> out = new ArrayList<>();
                for (final String w : splitWords(v)) {
                    out.add(KeyValue.pair(w, str(k) + "#" + out.size()));
                }
                return out;
            }).to("output", OUT)).gen(StatelessCases::sentences));

        l.add(simple("flat-map-values", """
            stream(`input`) -> flatMapValues(v => words(v)) -> to(`output`), where words(v) is the empty list for null, else v
            split on single spaces without empty pieces. Keys (null too) are kept.
            """, s -> s.flatMapValues(StatelessCases::splitWords).to("output", OUT)).gen(StatelessCases::sentences));

        l.add(simple("select-key", """
            stream(`input`) -> selectKey((k, v) => v == null ? null : first character of v) -> to(`output`). Records whose new
            key is null are forwarded with a null key.
            """, s -> s.selectKey((k, v) -> v == null ? null : v.substring(0, 1)).to("output", OUT)));

        l.add(c("peek").out("peeked").spec("""
            p = stream(`input`) -> peek((k, v) => set the variable `seen` to str(k) + "=" + str(v)). First child of p: map((k, v) =>
            [null, seen]) -> to(`peeked`). Second child of p: to(`output`). peek runs once per record, before its children, and
            changes nothing.
            """).dsl(b -> {
                final String[] seen = new String[1];
                final KStream<String, String> s = b.stream("input", IN).peek((k, v) -> seen[0] = str(k) + "=" + str(v));
                s.map((k, v) -> KeyValue.<String, String>pair(null, seen[0])).to("peeked", OUT);
                s.to("output", OUT);
            }));

        l.add(c("branch-split").out("out-a").out("out-long").out("out-rest").spec("""
            stream(`input`) -> split() with, in this order: branch((k, v) => v != null && v starts with "a") -> to(`out-a`);
            branch((k, v) => v != null && length(v) > 3) -> to(`out-long`); defaultBranch -> to(`out-rest`). A record goes to the
            first branch whose predicate holds and only there. `output` gets every record too (a second child of the source).
            """).dsl(b -> {
                final KStream<String, String> s = b.stream("input", IN);
                s.split()
                    .branch((k, v) -> v != null && v.startsWith("a"), Branched.withConsumer(x -> x.to("out-a", OUT)))
                    .branch((k, v) -> v != null && v.length() > 3, Branched.withConsumer(x -> x.to("out-long", OUT)))
                    .defaultBranch(Branched.withConsumer(x -> x.to("out-rest", OUT)));
                s.to("output", OUT);
            }));

        l.add(c("branch-no-default").out("out-b").spec("""
            stream(`input`) -> split() with branch(v != null && v starts with "a") -> to(`output`), then branch(v != null &&
            (v starts with "a" or v starts with "b")) -> to(`out-b`); noDefaultBranch. Records that match nothing are dropped.
            """).dsl(b -> b.stream("input", IN).split()
                .branch((k, v) -> v != null && v.startsWith("a"), Branched.withConsumer(x -> x.to("output", OUT)))
                .branch((k, v) -> v != null && (v.startsWith("a") || v.startsWith("b")),
                    Branched.withConsumer(x -> x.to("out-b", OUT)))
                .noDefaultBranch()));

        l.add(new Case(FAMILY, "merge").in("left").in("right").out("output").spec("""
            stream(`left`).mapValues(v => "L:" + str(v)) merged with stream(`right`).mapValues(v => "R:" + str(v)) -> to(`output`).
            """).dsl(b -> b.stream("left", IN).mapValues(v -> "L:" + str(v))
                .merge(b.stream("right", IN).mapValues(v -> "R:" + str(v))).to("output", OUT))
            .gen(g -> {
                for (int i = 0; i < 48; i++) {
                    g.pipe(g.pick("left", "right"), g.keyOrNull(0.1), g.wordOrNull(0.1), g.ts());
                }
            }));

        l.add(c("fan-out").out("upper").out("short").spec("""
            s = stream(`input`); s -> mapValues(v => v == null ? null : upper(v)) -> to(`upper`); s -> filter(v != null &&
            length(v) <= 3) -> to(`short`); the stream `upper` (before to) merged with the stream `short` (before to) ->
            to(`output`). Each input record visits the children of a node in the order in which they were added, depth first, so
            in `output` the upper-case copy precedes the short one of the same input record.
            """).dsl(b -> {
                final KStream<String, String> s = b.stream("input", IN);
                final KStream<String, String> upper = s.mapValues(v -> v == null ? null : v.toUpperCase());
                final KStream<String, String> small = s.filter((k, v) -> v != null && v.length() <= 3);
                upper.to("upper", OUT);
                small.to("short", OUT);
                upper.merge(small).to("output", OUT);
            }));

        l.add(c("process-headers").gen(StatelessCases::headered).spec("""
            stream(`input`) -> process(P) -> mapValues(v => v + "!") -> to(`output`). P: removes all headers named "drop", appends a
            header ("seen", k) and forwards the record (same key, value, timestamp, the changed headers). Header values are
            UTF-8 text or null; duplicates and order are kept. Downstream operators keep headers.
            """).dsl(b -> b.stream("input", IN).process(() -> new ContextualProcessor<String, String, String, String>() {
                @Override
                public void process(final Record<String, String> r) {
                    r.headers().remove("drop");
                    r.headers().add("seen", r.key().getBytes(StandardCharsets.UTF_8));
                    context().forward(r);
                }
            }).mapValues(v -> v + "!").to("output", OUT)));

        l.add(simple("headers-pass-through", """
            stream(`input`) -> filter(v does not start with "c") -> selectKey((k, v) => first character of v) -> flatMapValues(v =>
            [v, v + "2"]) -> to(`output`). Headers of the input record are on every result.
            """, s -> s.filter((k, v) -> !v.startsWith("c")).selectKey((k, v) -> v.substring(0, 1))
                .flatMapValues(v -> List.of(v, v + "2")).to("output", OUT)).gen(StatelessCases::headered));

        l.add(simple("process-values", """
            stream(`input`) -> processValues(P) -> to(`output`). P is a fixed-key processor: for value "fig" it forwards nothing;
            otherwise it forwards (k, str(v) + "/1") with the input timestamp and then (k, str(v) + "/2") with timestamp + 1000.
            """, s -> s.processValues(() -> new ContextualFixedKeyProcessor<String, String, String>() {
                @Override
                public void process(final FixedKeyRecord<String, String> r) {
                    if ("fig".equals(r.value())) {
                        return;
                    }
                    context().forward(r.withValue(str(r.value()) + "/1"));
                    context().forward(r.withValue(str(r.value()) + "/2").withTimestamp(r.timestamp() + 1000));
                }
            }).to("output", OUT)));

        l.add(simple("repartition", """
            stream(`input`) -> selectKey((k, v) => v == null ? null : first character of v) -> repartition(name "by-letter",
            string serdes, 1 partition) -> mapValues((k, v) => str(k) + "/" + str(v)) -> to(`output`). An explicit repartition
            keeps records with a null key and records with a null value, timestamps and headers.
            """, s -> s.selectKey((k, v) -> v == null ? null : v.substring(0, 1))
                .repartition(Repartitioned.with(STR, STR).withName("by-letter").withNumberOfPartitions(1))
                .mapValues((k, v) -> str(k) + "/" + str(v)).to("output", OUT)));

        l.add(simple("repartition-headers", """
            stream(`input`) -> selectKey((k, v) => v) -> repartition(name "by-value", string serdes, 1 partition) -> to(`output`).
            """, s -> s.selectKey((k, v) -> v).repartition(Repartitioned.with(STR, STR).withName("by-value")
                .withNumberOfPartitions(1)).to("output", OUT)).gen(StatelessCases::headered));

        l.add(c("dynamic-topic").out("topic-a").out("topic-b").spec("""
            stream(`input`) -> to((k, v, recordContext) => v == null ? "output" : v starts with "a" ? "topic-a" : v starts with
            "b" ? "topic-b" : "output"): the topic is chosen per record.
            """).dsl(b -> b.stream("input", IN).to((k, v, ctx) ->
                v == null ? "output" : v.startsWith("a") ? "topic-a" : v.startsWith("b") ? "topic-b" : "output", OUT)));

        l.add(new Case(FAMILY, "multi-topic-source").in("in-1").in("in-2").in("in-3").out("output").spec("""
            stream([`in-1`, `in-2`, `in-3`]) (one source node for three topics) -> process(P) -> to(`output`), where P forwards
            (k, recordMetadata.topic + ":" + str(v)) with the input timestamp.
            """).dsl(b -> b.stream(List.of("in-1", "in-2", "in-3"), IN)
                .process(() -> new ContextualProcessor<String, String, String, String>() {
                    @Override
                    public void process(final Record<String, String> r) {
                        context().forward(r.withValue(context().recordMetadata().get().topic() + ":" + str(r.value())));
                    }
                }, Named.as("tag")).to("output", OUT))
            .gen(g -> {
                for (int i = 0; i < 48; i++) {
                    g.pipe(g.pick("in-1", "in-2", "in-3"), g.keyOrNull(0.1), g.wordOrNull(0.1), g.ts());
                }
            }));

        l.add(simple("chain", """
            stream(`input`) -> filter(v != null) -> map((k, v) => [v, str(k)]) -> filterNot((k, v) => k == "cat") -> flatMap((k, v)
            => v == "null" ? [] : [[v, k], [v, upper(k)]]) -> mapValues((k, v) => k + v) -> to(`output`).
            """, s -> s.filter((k, v) -> v != null).map((k, v) -> KeyValue.pair(v, str(k)))
                .filterNot((k, v) -> "cat".equals(k))
                .flatMap((k, v) -> "null".equals(v)
                    ? List.<KeyValue<String, String>>of()
                    : List.of(KeyValue.pair(v, k), KeyValue.pair(v, k.toUpperCase())))
                .mapValues((k, v) -> k + v).to("output", OUT)));
        return l;
    }
}
