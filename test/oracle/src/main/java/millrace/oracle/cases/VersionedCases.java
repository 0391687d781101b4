package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.Case.StoreKind.VERSIONED;
import static millrace.oracle.Case.StoreKind.VERSIONED_LATEST;
import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.VersionedRecord;

/** Versioned stores and tables (KIP-889, KIP-914). */
public final class VersionedCases {
    private static final String FAMILY = "Versioned stores and tables";

    private VersionedCases() { }

    static Materialized<String, String, KeyValueStore<Bytes, byte[]>> versioned(final String name, final long historyMs) {
        return Materialized.<String, String>as(Stores.persistentVersionedKeyValueStore(name, ms(historyMs)))
            .withKeySerde(STR).withValueSerde(STR);
    }

    private static Consumer<Gen> gen(final String... topics) {
        return g -> {
            for (int i = 0; i < 64; i++) {
                g.pipe(g.pick(topics), g.keyOrNull(0.03), g.chance(0.2) ? null : g.uniq("v"), g.ts(400, 0.35, 2500, 0, 0));
            }
        };
    }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").out("output").gen(gen("input"));
    }

    /** Does with the store what the records say, and forwards what it answered. */
    private static void operations(final StreamsBuilder b) {
        b.addStateStore(Stores.versionedKeyValueStoreBuilder(Stores.persistentVersionedKeyValueStore("versions", ms(5000)), STR, STR));
        b.stream("input", IN).process(() -> new StoreProcessor<VersionedKeyValueStore<String, String>, String, String>("versions") {
            @Override
            public void process(final Record<String, String> r) {
                final String op = r.value().replaceAll("[0-9]+$", "");
                final String text = switch (op) {
                    case "put" -> {
                        final long validTo = store.put(r.key(), r.value(), r.timestamp());
                        yield validTo == VersionedKeyValueStore.PUT_RETURN_CODE_NOT_PUT ? "dropped" : Long.toString(validTo);
                    }
                    case "delete" -> text(store.delete(r.key(), r.timestamp()));
                    case "get" -> text(store.get(r.key()));
                    default -> text(store.get(r.key(), r.timestamp()));
                };
                context().forward(r.withValue(op + ":" + text));
            }
        }, "versions").to("output", OUT);
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("versioned-store-api").store("versions", VERSIONED_LATEST).gen(g -> {
            for (int i = 0; i < 64; i++) {
                g.pipe("input", g.pick("A", "B"), g.pick("put", "put", "put", "get", "asof", "delete") + i, g.ts(400, 0.4, 3000, 0.05, 20_000));
            }
        }).spec("""
            stream(`input`) -> process(P, versioned key-value store `versions`: string -> string, history retention 5000 ms) -> to(`output`).
            P, by the letters of v before its digits: "put": r = versions.put(k, v, record timestamp); forward (k, "put:" + r), where r is the
            returned valid-to of the new version: "-1" if it is the latest, the timestamp of the next version otherwise, and "dropped"
            if the put was too old to be stored (Kafka returns the smallest int64).
            "delete": versions.delete(k, timestamp); "get": versions.get(k); "asof": versions.get(k, timestamp): forward (k, "delete:" / "get:" /
            "asof:" + text), text = "none" if nothing was found, else value + "@" + valid from. delete returns what get(k, timestamp) would have
            returned; it inserts a tombstone version at that timestamp (dropped like a put if too old).
            """).dsl(VersionedCases::operations));

        l.add(c("versioned-store-few-times").store("versions", VERSIONED_LATEST).gen(g -> {
            for (int i = 0; i < 96; i++) {
                if (g.chance(0.08)) {
                    g.now += 700;
                }
                g.pipe("input", "A", g.pick("put", "put", "delete", "delete", "asof") + i, Math.max(0, g.now - 700 * g.between(0, 4)));
            }
        }).spec("""
            As versioned-store-api, with one key, few timestamps and many deletions: what was put and deleted at one time, and what a
            late put ends at.
            """).dsl(VersionedCases::operations));

        l.add(c("versioned-table-to-stream").store("versions", VERSIONED).spec("""
            table(`input`, versioned store `versions`, history retention 60000 ms) -> toStream -> to(`output`). Out-of-order updates are
            put into the history and forwarded too.
            """).dsl(b -> b.table("input", IN, versioned("versions", 60_000)).toStream().to("output", OUT)));

        l.add(c("versioned-table-short-history").store("versions", VERSIONED_LATEST).spec("""
            As versioned-table-to-stream with history retention 1000 ms: an update older than the store's stream time - 1000 ms is dropped
            and not forwarded.
            """).dsl(b -> b.table("input", IN, versioned("versions", 1000)).toStream().to("output", OUT)));

        l.add(c("versioned-table-filter").spec("""
            table(`input`, versioned store `versions`, history retention 60000 ms) -> filter((k, v) => last character of v is an even digit)
            -> toStream -> to(`output`). On a versioned table the filter forwards a tombstone for every failing record, and out-of-order
            records pass.
            """).dsl(b -> b.table("input", IN, versioned("versions", 60_000))
                .filter((k, v) -> (v.charAt(v.length() - 1) - '0') % 2 == 0).toStream().to("output", OUT)));

        l.add(c("versioned-table-group-by").out("output", Fmt.STRING, Fmt.LONG).store("counts", TIMESTAMPED_KEY_VALUE).spec("""
            table(`input`, versioned store `versions`, history retention 60000 ms) -> groupBy((k, v) => [last character of v even digit ?
            "even" : "odd", v]) -> count(store `counts`) -> toStream -> to(`output`, int64). Out-of-order updates (older than the
            latest version of their key) are ignored by the aggregation.
            """).dsl(b -> b.table("input", IN, versioned("versions", 60_000))
                .groupBy((k, v) -> KeyValue.pair((v.charAt(v.length() - 1) - '0') % 2 == 0 ? "even" : "odd", v), GROUPED)
                .count(kv("counts", I64)).toStream().to("output", OUT_LONG)));

        l.add(new Case(FAMILY, "versioned-table-table-join").in("left").in("right").out("output").gen(gen("left", "right")).spec("""
            table(`left`, versioned, history retention 60000 ms) leftJoin table(`right`, versioned, history retention 60000 ms), joiner
            (l, r) => str(l) + "+" + str(r) -> toStream -> to(`output`). Out-of-order updates do not trigger a result; the other side is
            read at its latest version.
            """).dsl(b -> b.table("left", IN, versioned("lv", 60_000)).leftJoin(b.table("right", IN, versioned("rv", 60_000)),
                (x, y) -> str(x) + "+" + str(y)).toStream().to("output", OUT)));
        return l;
    }

    private static String text(final VersionedRecord<String> r) {
        return r == null ? "none" : r.value() + "@" + r.timestamp();
    }
}
