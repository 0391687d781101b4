package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_WINDOW;
import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Record caches. The driver commits (and flushes caches) after every record that the task processes. */
public final class CachingCases {
    private static final String FAMILY = "Record caches";
    private static final int CACHE = 10 * 1024 * 1024;
    private static final String NOTE = """

        The cache is on (statestore.cache.max.bytes = 10 MiB) and is flushed by a commit after every processed source record: of all
        updates of one store key caused by one source record only the last is forwarded. (A record read back from a
        repartition topic is a source record of its own.)""";

    private CachingCases() { }

    private static void sentences(final Gen g) {
        for (int i = 0; i < 50; i++) {
            final String[] words = new String[(int) g.between(1, 6)];
            Arrays.setAll(words, j -> g.pick("a", "b", "c", "d"));
            g.pipe("input", g.key(), String.join(" ", words), g.ts());
        }
    }

    private static Case c(final String name, final Consumer<Gen> gen) {
        return new Case(FAMILY, name).in("input").config("statestore.cache.max.bytes", CACHE).compare(Compare.PER_KEY).gen(gen);
    }

    private static String cut(final String s) {
        return s.substring(Math.max(0, s.length() - 12));
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("cached-flat-map-count", CachingCases::sentences).out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> flatMapValues(v => v split on single spaces) -> groupByKey -> count(store `counts`) -> toStream -> to(`output`,
            int64).""" + NOTE).dsl(b -> b.stream("input", IN).flatMapValues(v -> List.of(v.split(" "))).groupByKey(GROUPED)
                .count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("cached-tumbling-reduce", CachingCases::sentences).out("output").store("reduced", TIMESTAMPED_WINDOW).spec("""
            stream(`input`) -> flatMapValues(v => v split on single spaces) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 1000 ms) ->
            reduce((a, v) => a + v, store `reduced`) -> toStream -> map to key wk(w) -> to(`output`).""" + NOTE)
            .dsl(b -> b.stream("input", IN).flatMapValues(v -> List.of(v.split(" "))).groupByKey(GROUPED)
                .windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(1000))).reduce((a, v) -> a + v, win("reduced", STR))
                .toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(c("cached-table-group-by", CachingCases::sentences).out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> flatMapValues(v => v split on single spaces) -> toTable -> groupBy((k, v) => [v, k]) -> count(store `counts`) ->
            toStream -> to(`output`, int64). The subtractor gets the value that the table forwarded last, not the intermediate
            values that the cache absorbed.""" + NOTE)
            .dsl(b -> b.stream("input", IN).flatMapValues(v -> List.of(v.split(" "))).toTable(kv("latest", STR))
                .groupBy((k, v) -> KeyValue.pair(v, k), GROUPED).count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(c("cached-cogroup", CachingCases::sentences).out("output").store("cogrouped", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> flatMapValues(v => v split on single spaces) is grouped by key twice, the second time without "a", and cogrouped:
            (k, v, agg) => agg + v, and (k, v, agg) => agg + upper(v), both cut to the last 12 characters; aggregate(init "", store `cogrouped`, string)
            -> toStream -> to(`output`). Both streams have one cache.""" + NOTE)
            .dsl(b -> {
                final KStream<String, String> words = b.stream("input", IN).flatMapValues(v -> List.of(v.split(" ")));
                words.groupByKey(GROUPED).<String>cogroup((k, v, a) -> cut(a + v))
                    .cogroup(words.filter((k, v) -> !v.equals("a")).groupByKey(GROUPED), (k, v, a) -> cut(a + v.toUpperCase(java.util.Locale.ROOT)))
                    .aggregate(() -> "", kv("cogrouped", STR)).toStream().to("output", OUT);
            }));
        return l;
    }
}
