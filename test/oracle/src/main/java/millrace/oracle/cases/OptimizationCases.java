package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.KEY_VALUE;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;

/**
 * Topologies that topology.optimization changes, and stores that are topics. Two topologies are those of Kafka's own tests
 * RepartitionOptimizingTest and RepartitionWithMergeOptimizingTest.
 */
public final class OptimizationCases {
    private static final String FAMILY = "Optimization";
    private static final String OPTIMIZATION = "topology.optimization";

    private OptimizationCases() { }

    private static Consumer<Gen> gen(final double nullKeys, final String... topics) {
        return g -> {
            for (int i = 0; i < 48; i++) {
                g.pipe(g.pick(topics), g.keyOrNull(nullKeys), g.wordOrNull(0.06), g.ts());
            }
        };
    }

    private static Case c(final String name, final String optimization) {
        return new Case(FAMILY, name).in("input").out("output").gen(gen(0, "input")).config(OPTIMIZATION, optimization);
    }

    /** First character of a text; null for null. */
    private static String initial(final String v) {
        return v == null ? null : v.substring(0, 1);
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();
        l.add(c("merge-repartition-topics", "all").out("counts", Fmt.STRING, Fmt.LONG).out("lists").out("joined")
            .store("count-store", TIMESTAMPED_KEY_VALUE).store("aggregate-store", TIMESTAMPED_KEY_VALUE).store("reduce-store", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`, named sourceStream) -> map([k + "!", v], named source-map) is read five times, every node named as here:
            process-filter (k == "B!") -> process-mapValues(upper) -> to(`output`, named process-to);
            groupByKey(count-groupByKey).count(count, store `count-store`) -> count-toStream -> to(`counts`, named count-to);
            groupByKey(aggregate-groupByKey).aggregate("", (k, v, a) => a + str(v).length, aggregate, store `aggregate-store`) with nothing below;
            reduce-filter (true) -> reduce-peek -> groupByKey(reduce-groupByKey).reduce((a, v) => a + ":" + v cut to the last 12
            characters, reducer, store `reduce-store`) -> reduce-toStream -> to(`lists`, named reduce-to);
            join-filter (k == "A!") joined with the stream of counts (within 5000 ms, grace 0 ms, named join, v + ":" + count) -> to(`joined`, named join-to).
            The four repartition topics are one.
            """).dsl(OptimizationCases::everythingBelowOneKey));

        l.add(c("merge-repartition-topics-off", "none").out("counts", Fmt.STRING, Fmt.LONG).out("lists").out("joined").compare(Case.Compare.MULTISET)
            .store("count-store", TIMESTAMPED_KEY_VALUE).store("aggregate-store", TIMESTAMPED_KEY_VALUE).store("reduce-store", TIMESTAMPED_KEY_VALUE).spec("""
            As merge-repartition-topics, with four topics.
            """).dsl(OptimizationCases::everythingBelowOneKey));

        l.add(c("merge-repartition-topics-partly", "all").in("other").in("ids").gen(gen(0, "input", "other", "ids")).compare(Case.Compare.PER_KEY).spec("""
            The topology of KAFKA-9739, shortened: stream(`other`) -> process(forwards as it is) -> groupByKey.aggregate("", (k, v, a) => a + length(v) cut to the last
            12 characters) -> suppress(until time limit 0 ms) -> toStream -> flatMap([first character of v, v]). stream(`ids`) -> flatMap([first character
            of v, v]) -> peek -> groupByKey.aggregate(the same): this topic is merged. stream(`input`) -> peek -> mapValues(upper) -> merge(the first) -> leftJoin(the second,
            str(v) + "+" + str(row)) -> to(`output`): this topic stays, behind mapValues.
            """).dsl(b -> {
                final KStream<String, String> retried = b.stream("other", IN).process(() -> new ContextualProcessor<String, String, String, String>() {
                    @Override
                    public void process(final Record<String, String> r) {
                        context().forward(r);
                    }
                }).groupByKey(GROUPED).aggregate(() -> "", (k, v, a) -> cut(a + v.length()), Materialized.with(STR, STR))
                    .suppress(Suppressed.untilTimeLimit(Duration.ZERO, Suppressed.BufferConfig.unbounded())).toStream()
                    .flatMap((k, v) -> List.of(KeyValue.pair(initial(v), v)));
                final KTable<String, String> ids = b.stream("ids", IN).flatMap((k, v) -> List.of(KeyValue.pair(initial(v), v))).peek((k, v) -> { })
                    .groupByKey(GROUPED).aggregate(() -> "", (k, v, a) -> cut(a + v.length()), Materialized.with(STR, STR));
                b.stream("input", IN).peek((k, v) -> { }).mapValues(v -> v == null ? null : v.toUpperCase(java.util.Locale.ROOT)).merge(retried)
                    .leftJoin(ids, (v, row) -> str(v) + "+" + str(row), Joined.with(STR, STR, STR)).to("output", OUT);
            }));

        l.add(c("merge-repartition-topics-generated", "merge.repartition.topics").in("table").out("counts", Fmt.STRING, Fmt.LONG).out("windows", Fmt.STRING, Fmt.LONG)
            .out("rows").gen(gen(0.1, "input", "input", "table")).spec("""
            table(`table`); stream(`input`) -> selectKey(first character of v, null for null) is read four times, with generated names:
            groupByKey.count -> to(`counts`); filter(length(v) > 3) -> groupByKey.windowedBy(1000 ms, grace 500 ms).count -> wk -> to(`windows`);
            leftJoin(table, str(v) + "+" + str(row)) -> to(`output`); toTable -> toStream -> to(`rows`).
            The topics are one, and records without a key pass it because of the left join.
            """).dsl(b -> {
                final KTable<String, String> table = b.table("table", IN);
                final KStream<String, String> keyed = b.stream("input", IN).selectKey((k, v) -> initial(v));
                keyed.groupByKey(GROUPED).count().toStream().to("counts", OUT_LONG);
                keyed.filter((k, v) -> v != null && v.length() > 3).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(500)))
                    .count().toStream().selectKey((w, v) -> wk(w)).to("windows", OUT_LONG);
                keyed.leftJoin(table, (v, row) -> str(v) + "+" + str(row), Joined.with(STR, STR, STR)).to("output", OUT);
                keyed.toTable(Materialized.with(STR, STR)).toStream().to("rows", OUT);
            }));

        l.add(c("merge-repartition-topics-of-merged-streams", "all").in("other").out("lengths", Fmt.STRING, Fmt.LONG).gen(gen(0, "input", "other"))
            .store("long-store", TIMESTAMPED_KEY_VALUE).store("string-store", TIMESTAMPED_KEY_VALUE).spec("""
            Two streams (`input`, named sourceAStream, and `other`, named sourceBStream) -> map([first character of v, v], named mappedAStream and
            mappedBStream) come together (merge, named mergedStream). groupByKey(long-groupByKey).count(long-count, store `long-store`) -> long-toStream ->
            to(`lengths`, named long-to); groupByKey(string-groupByKey).count(string-count, store `string-store`) -> string-toStream ->
            string-mapValues(text) -> to(`output`, named string-to). Below the merge there is one topic.
            """).dsl(b -> {
                final KStream<String, String> merged = initials(b, "input", "A").merge(initials(b, "other", "B"), Named.as("mergedStream"));
                merged.groupByKey(grouped("long-groupByKey")).count(Named.as("long-count"), kv("long-store", I64)).toStream(Named.as("long-toStream"))
                    .to("lengths", Produced.with(STR, I64).withName("long-to"));
                merged.groupByKey(grouped("string-groupByKey")).count(Named.as("string-count"), kv("string-store", I64))
                    .toStream(Named.as("string-toStream")).mapValues(n -> n.toString(), Named.as("string-mapValues"))
                    .to("output", Produced.with(STR, STR).withName("string-to"));
            }));

        l.add(c("merge-repartition-topics-kept", "all").out("processed", Fmt.STRING, Fmt.LONG).out("repartitioned", Fmt.STRING, Fmt.LONG).compare(Case.Compare.PER_KEY).spec("""
            What keeps its topics. stream(`input`) -> selectKey(first character of v): mapValues(upper) -> groupByKey.reduce((a, v) => v) -> to(`output`);
            repartition -> groupByKey.count -> to(`repartitioned`). stream(`input`) -> process(forwards as it is) -> groupByKey.count -> to(`processed`).
            """).dsl(b -> {
                final KStream<String, String> input = b.stream("input", IN);
                final KStream<String, String> keyed = input.selectKey((k, v) -> initial(v));
                keyed.mapValues(v -> v == null ? null : v.toUpperCase(java.util.Locale.ROOT)).groupByKey(GROUPED).reduce((a, v) -> v).toStream().to("output", OUT);
                keyed.repartition(Repartitioned.with(STR, STR)).groupByKey(GROUPED).count().toStream().to("repartitioned", OUT_LONG);
                input.process(() -> new ContextualProcessor<String, String, String, String>() {
                    @Override
                    public void process(final Record<String, String> r) {
                        context().forward(r);
                    }
                }).groupByKey(GROUPED).count().toStream().to("processed", OUT_LONG);
            }));

        l.add(c("self-join-of-merged-topics", "single.store.self.join, merge.repartition.topics").compare(Case.Compare.MULTISET).spec("""
            stream(`input`) -> selectKey(first character of v) joined with itself (within 500 ms, grace 60000 ms, named both, str(a) + "+" + str(b)) ->
            to(`output`). The topics of both sides are one, and so is the store.
            """).dsl(b -> {
                final KStream<String, String> keyed = b.stream("input", IN).selectKey((k, v) -> initial(v));
                keyed.join(keyed, (x, y) -> str(x) + "+" + str(y), JoinWindows.ofTimeDifferenceAndGrace(ms(500), ms(60_000)),
                    StreamJoined.with(STR, STR, STR).withName("both")).to("output", OUT);
            }));

        l.add(c("shared-group-topic", "none").in("other").out("counts", Fmt.STRING, Fmt.LONG).out("others").out("rows", Fmt.STRING, Fmt.LONG)
            .gen(gen(0, "input", "other")).compare(Case.Compare.PER_KEY).spec("""
            A group with a name is aggregated twice, with other calls in between: stream(`input`) -> groupBy(first character of v, named group) is
            counted (to `counts`) before, and reduced (str(a) + str(v) cut to the last 12 characters, to `output`) behind, table(`other`) -> groupBy([first character
            of v, v], named rows), which is counted (to `rows`), stream(`third`) -> to(`others`), and reduced ((a, v) => v, subtractor (a, v) => a) with nothing below.
            """).in("third").dsl(b -> {
                final KGroupedStream<String, String> group = b.stream("input", IN).groupBy((k, v) -> initial(v), grouped("group"));
                group.count().toStream().to("counts", OUT_LONG);
                final KGroupedTable<String, String> rows = b.table("other", IN).groupBy((k, v) -> KeyValue.pair(initial(v), v), grouped("rows"));
                rows.count().toStream().to("rows", OUT_LONG);
                b.stream("third", IN).to("others", OUT);
                rows.reduce((a, v) -> v, (a, v) -> a);
                group.reduce((a, v) -> cut(str(a) + str(v))).toStream().to("output", OUT);
            }));

        l.add(c("reuse-table-source", "reuse.ktable.source.topics").in("table").in("other").store("rows", TIMESTAMPED_KEY_VALUE)
            .gen(gen(0.05, "input", "table", "other")).spec("""
            table(`table`, store `rows`) and table(`other`), joined (str(a) + "&" + str(b)); stream(`input`) -> leftJoin(those, str(v) + "+" + str(row)) -> to(`output`).
            Both tables are restored from their topics and have no changelog.
            """).dsl(b -> {
                final KTable<String, String> rows = b.table("table", IN, kv("rows", STR));
                final KTable<String, String> both = rows.join(b.table("other", IN), (x, y) -> str(x) + "&" + str(y));
                b.stream("input", IN).leftJoin(both, (v, row) -> str(v) + "+" + str(row), Joined.with(STR, STR, STR)).to("output", OUT);
            }));

        l.add(c("global-store-of-processor", "none").in("changes").store("rates", KEY_VALUE).gen(gen(0, "input", "changes")).spec("""
            addGlobalStore(`rates`: string -> string, topic `changes`, processor: put(k, str(v) + "."), or delete where v is null);
            stream(`input`) -> process(P) -> to(`output`): forwards (k, str(v) + "@" + str(rates.get(k))).
            """).dsl(b -> {
                b.addGlobalStore(text("rates"), "changes", IN, () -> new StoreProcessor<KeyValueStore<String, String>, Void, Void>("rates") {
                    @Override
                    public void process(final Record<String, String> r) {
                        store.put(r.key(), r.value() == null ? null : r.value() + ".");
                    }
                });
                b.stream("input", IN).process(() -> new StoreProcessor<KeyValueStore<String, String>, String, String>("rates") {
                    @Override
                    public void process(final Record<String, String> r) {
                        context().forward(r.withValue(str(r.value()) + "@" + str(store.get(r.key()))));
                    }
                }).to("output", OUT);
            }));

        l.add(new Case(FAMILY, "read-only-store").in("input").in("rows").out("output").store("rows", TIMESTAMPED_KEY_VALUE).gen(gen(0, "input", "rows")).spec("""
            Low-level API: addReadOnlyStateStore(`rows`: string -> string with timestamps, source "rows-source", topic `rows`, processor "rows-writer": puts value and
            timestamp, deletes where the value is null); source "src" (`input`) -> processor "look" (store `rows`): forwards (k, str(v) + "@" + the value of
            rows.get(k), or null) -> sink "out" (`output`). The topic is the changelog.
            """).raw(OptimizationCases::readOnlyStore));
        return l;
    }

    private static Grouped<String, String> grouped(final String name) {
        return Grouped.with(name, STR, STR);
    }

    private static String cut(final String s) {
        return s.substring(Math.max(0, s.length() - 12));
    }

    private static KStream<String, String> initials(final StreamsBuilder b, final String topic, final String name) {
        return b.stream(topic, Consumed.with(STR, STR).withName("source" + name + "Stream"))
            .map((k, v) -> KeyValue.pair(initial(v), v), Named.as("mapped" + name + "Stream"));
    }

    private static void everythingBelowOneKey(final StreamsBuilder b) {
        final KStream<String, String> mapped = b.stream("input", Consumed.with(STR, STR).withName("sourceStream"))
            .map((k, v) -> KeyValue.pair(k + "!", v), Named.as("source-map"));
        mapped.filter((k, v) -> k.equals("B!"), Named.as("process-filter"))
            .mapValues(v -> str(v).toUpperCase(java.util.Locale.ROOT), Named.as("process-mapValues")).to("output", Produced.with(STR, STR).withName("process-to"));
        final KStream<String, Long> counts = mapped.groupByKey(grouped("count-groupByKey")).count(Named.as("count"), kv("count-store", I64))
            .toStream(Named.as("count-toStream"));
        counts.to("counts", Produced.with(STR, I64).withName("count-to"));
        mapped.groupByKey(grouped("aggregate-groupByKey"))
            .aggregate(() -> "", (k, v, a) -> a + str(v).length(), Named.as("aggregate"), kv("aggregate-store", STR));
        mapped.filter((k, v) -> true, Named.as("reduce-filter")).peek((k, v) -> { }, Named.as("reduce-peek")).groupByKey(grouped("reduce-groupByKey"))
            .reduce((a, v) -> cut(a + ":" + v), Named.as("reducer"), kv("reduce-store", STR)).toStream(Named.as("reduce-toStream"))
            .to("lists", Produced.with(STR, STR).withName("reduce-to"));
        mapped.filter((k, v) -> k.equals("A!"), Named.as("join-filter")).join(counts, (v, n) -> v + ":" + n,
            JoinWindows.ofTimeDifferenceAndGrace(ms(5000), Duration.ZERO), StreamJoined.with(STR, STR, I64).withName("join"))
            .to("joined", Produced.with(STR, STR).withName("join-to"));
    }

    private static Topology readOnlyStore() {
        final StoreBuilder<TimestampedKeyValueStore<String, String>> rows =
            Stores.timestampedKeyValueStoreBuilder(Stores.persistentTimestampedKeyValueStore("rows"), STR, STR);
        final ProcessorSupplier<String, String, Void, Void> writer = () -> new ContextualProcessor<>() {
            @Override
            public void process(final Record<String, String> r) {
                final TimestampedKeyValueStore<String, String> store = context().getStateStore("rows");
                store.put(r.key(), r.value() == null ? null : ValueAndTimestamp.make(r.value(), r.timestamp()));
            }
        };
        final ProcessorSupplier<String, String, String, String> look = () -> new ContextualProcessor<>() {
            @Override
            public void process(final Record<String, String> r) {
                final TimestampedKeyValueStore<String, String> store = context().getStateStore("rows");
                final ValueAndTimestamp<String> row = store.get(r.key());
                context().forward(r.withValue(str(r.value()) + "@" + str(ValueAndTimestamp.getValueOrNull(row))));
            }
        };
        return new Topology()
            .addReadOnlyStateStore(rows, "rows-source", STR.deserializer(), STR.deserializer(), "rows", "rows-writer", writer)
            .addSource("src", STR.deserializer(), STR.deserializer(), "input")
            .addProcessor("look", look, "src").connectProcessorAndStateStores("look", "rows")
            .addSink("out", "output", STR.serializer(), STR.serializer(), "look");
    }
}
