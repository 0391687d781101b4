package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import millrace.oracle.Case;
import millrace.oracle.Case.Compare;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;

/** Foreign-key joins of two tables (KIP-213). */
public final class ForeignKeyJoinCases {
    private static final String FAMILY = "Foreign-key joins";
    private static final Function<JsonNode, String> FK = v -> v.get("fk").isNull() ? null : v.get("fk").asText();
    private static final ValueJoiner<JsonNode, String, String> JOINER = (o, c) -> o.get("item").asText() + "+" + str(c);
    private static final String TEXT = """
        Left table `orders`: key order id, JSON {"fk": string or null, "item": string}; right table `customers`: string values.
        Foreign key extractor: v => v.fk. Joiner: (o, c) => o.item + "+" + str(c).""";
    private static final String SEE = "\nSee FORMAT.md, \"Foreign-key joins\", for the exact result and tombstone rules.";

    private ForeignKeyJoinCases() { }

    private static void gen(final Gen g, final double pNullFk) {
        for (int i = 0; i < 75; i++) {
            if (g.chance(0.55)) {
                final JsonNode v = g.chance(0.15) ? null
                    : Json.obj("fk", g.chance(pNullFk) ? null : g.pick("c1", "c2", "c3"), "item", g.chance(0.3) ? "same" : g.uniq("i"));
                g.pipe("orders", g.pick("o1", "o2", "o3", "o4", "o5"), v, g.ts());
            } else {
                g.pipe("customers", g.pick("c1", "c2", "c3"), g.chance(0.25) ? null : g.chance(0.2) ? "same" : g.uniq("n"), g.ts());
            }
        }
    }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("orders", Fmt.STRING, Fmt.JSON).in("customers").out("output").compare(Compare.PER_KEY)
            .gen(g -> gen(g, 0.1));
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("fk-join-inner").store("joined", TIMESTAMPED_KEY_VALUE).spec("table(`orders`) foreign-key join table(`customers`), store `joined`"
            + " -> toStream -> to(`output`).\n" + TEXT + SEE)
            .dsl(b -> b.table("orders", IN_JSON).join(b.table("customers", IN), FK, JOINER, kv("joined", STR)).toStream().to("output", OUT)));

        l.add(c("fk-join-left").store("joined", TIMESTAMPED_KEY_VALUE).spec("table(`orders`) foreign-key leftJoin table(`customers`), store `joined`"
            + " -> toStream -> to(`output`).\n" + TEXT + SEE)
            .dsl(b -> b.table("orders", IN_JSON).leftJoin(b.table("customers", IN), FK, JOINER, kv("joined", STR)).toStream().to("output", OUT)));

        l.add(c("fk-join-inner-unmaterialized").gen(g -> gen(g, 0)).spec("As fk-join-inner, without a result store and without null foreign keys.\n" + TEXT + SEE)
            .dsl(b -> b.table("orders", IN_JSON).join(b.table("customers", IN), FK, JOINER,
                org.apache.kafka.streams.kstream.Materialized.with(STR, STR)).toStream().to("output", OUT)));

        l.add(c("fk-join-left-null-keys").gen(g -> gen(g, 0.4)).spec("As fk-join-left, without a result store; 40 % of the orders have a null"
            + " foreign key, which joins with null.\n" + TEXT + SEE)
            .dsl(b -> b.table("orders", IN_JSON).leftJoin(b.table("customers", IN), FK, JOINER,
                org.apache.kafka.streams.kstream.Materialized.with(STR, STR)).toStream().to("output", OUT)));

        l.add(c("fk-join-group-by").out("output", Fmt.STRING, Fmt.LONG).store("per-customer", TIMESTAMPED_KEY_VALUE).compare(Compare.MULTISET).spec("""
            (table(`orders`) foreign-key join table(`customers`), joiner (o, c) => c) -> groupBy((orderId, c) => [c, orderId]) ->
            count(store `per-customer`) -> toStream -> to(`output`, int64).
            """ + TEXT.replace(" Joiner: (o, c) => o.item + \"+\" + str(c).", "") + SEE)
            .dsl(b -> b.table("orders", IN_JSON).join(b.table("customers", IN), FK, (ValueJoiner<JsonNode, String, String>) (o, c) -> c,
                    TableJoined.as("fk"), kv("fk-joined", STR))
                .groupBy((k, c) -> KeyValue.pair(c, k), Grouped.with(STR, STR)).count(kv("per-customer", I64))
                .toStream().to("output", OUT_LONG)));
        return l;
    }
}
