package millrace.oracle.cases;

import static millrace.oracle.cases.Dsl.*;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import millrace.oracle.Json;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.TimestampExtractor;

/** Timestamp extractors. */
public final class TimeCases {
    private static final String FAMILY = "Event time";
    private static final TimestampExtractor PAYLOAD = (record, partitionTime) ->
        record.value() instanceof JsonNode n && n.has("ts") ? n.get("ts").asLong() : record.timestamp();

    private TimeCases() { }

    private static void gen(final Gen g) {
        for (int i = 0; i < 56; i++) {
            final long ts = g.ts(300, 0.25, 800, 0, 0);
            final JsonNode v = g.chance(0.1) ? null
                : g.chance(0.1) ? Json.obj("n", i, "ts", -5)
                : g.chance(0.15) ? Json.obj("n", i)
                : Json.obj("n", i, "ts", ts);
            g.pipe("input", g.key(), v, 1_000_000 + i);
        }
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();
        final String extractor = """
            The source uses a timestamp extractor (record, partitionTime) => value is an object with a field "ts" ? value.ts :
            record timestamp. """;

        l.add(new Case(FAMILY, "payload-timestamp").in("input", Fmt.STRING, Fmt.JSON).out("output", Fmt.STRING, Fmt.JSON).gen(TimeCases::gen)
            .spec("stream(`input`, JSON) -> to(`output`, JSON). " + extractor + "\nResults carry the extracted timestamp. Records with a negative"
                + " extracted timestamp are dropped.")
            .dsl(b -> b.stream("input", IN_JSON.withTimestampExtractor(PAYLOAD)).to("output", OUT_JSON)));

        l.add(new Case(FAMILY, "payload-timestamp-windows").in("input", Fmt.STRING, Fmt.JSON).out("output", Fmt.STRING, Fmt.LONG).gen(TimeCases::gen)
            .spec("stream(`input`, JSON) -> filter(v has a field \"ts\") -> groupByKey -> windowedBy(tumbling 1000 ms, grace 300 ms) -> count -> toStream ->"
                + " map to key wk(w) -> to(`output`, int64). " + extractor)
            .dsl(b -> b.stream("input", IN_JSON.withTimestampExtractor(PAYLOAD)).filter((k, v) -> v != null && v.has("ts"))
                .groupByKey(Grouped.with(STR, JSON)).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(300)))
                .count(win("counts", I64)).toStream().selectKey((w, v) -> wk(w)).to("output", OUT_LONG)));

        l.add(new Case(FAMILY, "partition-time-on-invalid").in("input", Fmt.STRING, Fmt.JSON).out("output", Fmt.STRING, Fmt.JSON).gen(TimeCases::gen)
            .spec("stream(`input`, JSON) -> to(`output`, JSON). The extractor is (record, partitionTime) => value has \"ts\" and ts < 0 ? partitionTime :"
                + " value has \"ts\" ? ts : -1. partitionTime is the largest extracted timestamp of the source partition so far (-1 at the"
                + " start); records with a negative result are dropped.")
            .dsl(b -> b.stream("input", IN_JSON.withTimestampExtractor((record, partitionTime) ->
                record.value() instanceof JsonNode n && n.has("ts") ? (n.get("ts").asLong() < 0 ? partitionTime : n.get("ts").asLong()) : -1L))
                .to("output", OUT_JSON)));
        return l;
    }
}
