package millrace.oracle.cases;

import static millrace.oracle.Case.StoreKind.KEY_VALUE;
import static millrace.oracle.Case.StoreKind.SESSION;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_KEY_VALUE;
import static millrace.oracle.Case.StoreKind.TIMESTAMPED_WINDOW;
import static millrace.oracle.Case.StoreKind.WINDOW;
import static millrace.oracle.cases.Dsl.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import millrace.oracle.Case;
import millrace.oracle.Fmt;
import millrace.oracle.Gen;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/** Processor API: state stores, punctuators, named children, store fetches. */
public final class ProcessorCases {
    private static final String FAMILY = "Processor API";

    private ProcessorCases() { }

    /** A processor of texts into texts with a store of type S. */
    private abstract static class WithStore<S extends StateStore> extends StoreProcessor<S, String, String> {
        WithStore(final String storeName) {
            super(storeName);
        }
    }

    private static StoreBuilder<KeyValueStore<String, Long>> number(final String name) {
        return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), STR, I64);
    }

    private static Case c(final String name) {
        return new Case(FAMILY, name).in("input").out("output").gen(ProcessorCases::words);
    }

    private static void words(final Gen g) {
        for (int i = 0; i < 56; i++) {
            g.pipe("input", g.key(), g.wordOrNull(0.1), g.ts());
        }
    }

    private static void wordsAndClock(final Gen g) {
        for (int i = 0; i < 64; i++) {
            if (g.chance(0.25)) {
                g.advance(g.between(0, 700));
            } else {
                g.pipe("input", g.key(), g.word(), g.ts(300, 0.25, 600, 0.03, 5000));
            }
        }
    }

    public static List<Case> all() {
        final List<Case> l = new ArrayList<>();

        l.add(c("stateful-dedup").store("last", KEY_VALUE).spec("""
            stream(`input`) -> process(P, key-value store `last`: string -> string) -> to(`output`). P: if last.get(k) equals v (both
            non-null), forward nothing; otherwise last.put(k, v) (put with null deletes) and forward the record unchanged.
            """).dsl(b -> {
                b.addStateStore(text("last"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, String>>("last") {
                    @Override
                    public void process(final Record<String, String> r) {
                        if (r.value() != null && r.value().equals(store.get(r.key()))) {
                            return;
                        }
                        store.put(r.key(), r.value());
                        context().forward(r);
                    }
                }, "last").to("output", OUT);
            }));

        l.add(c("stateful-count-store-ops").store("counts", KEY_VALUE).spec("""
            stream(`input`) -> process(P, key-value store `counts`: string -> int64) -> to(`output`). P uses the value as store key: null
            value: forward (k, "null") and stop. "fig": old = counts.delete("ant"); forward (k, "deleted " + str(old)). "eel": old =
            counts.putIfAbsent("bee", 100); forward (k, "absent " + str(old)). Otherwise n = counts.get(v); counts.put(v, (n or 0) +
            1); forward (k, v + "=" + new count).
            """).dsl(b -> {
                b.addStateStore(number("counts"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, Long>>("counts") {
                    @Override
                    public void process(final Record<String, String> r) {
                        if (r.value() == null) {
                            context().forward(r.withValue("null"));
                        } else if ("fig".equals(r.value())) {
                            context().forward(r.withValue("deleted " + store.delete("ant")));
                        } else if ("eel".equals(r.value())) {
                            context().forward(r.withValue("absent " + store.putIfAbsent("bee", 100L)));
                        } else {
                            final Long n = store.get(r.value());
                            final long m = (n == null ? 0 : n) + 1;
                            store.put(r.value(), m);
                            context().forward(r.withValue(r.value() + "=" + m));
                        }
                    }
                }, "counts").to("output", OUT);
            }));

        l.add(c("store-range-scans").store("rows", KEY_VALUE).spec("""
            stream(`input`) -> process(P, key-value store `rows`: string -> string) -> to(`output`). P: with store key s = v (ignore records
            with a null value): if k == "A" forward the key list of rows.range("b", "d") (both ends inclusive, ascending in byte
            order); k == "B": key list of rows.reverseRange("b", "date"); k == "C": key list of rows.all(); k == "D": key list of
            rows.prefixScan(first character of v). The forwarded record is (k, v + ":" + key list joined with ","). After that,
            rows.put(v, k).
            """).dsl(b -> {
                b.addStateStore(text("rows"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, String>>("rows") {
                    @Override
                    public void process(final Record<String, String> r) {
                        if (r.value() == null) {
                            return;
                        }
                        final List<String> keys = new ArrayList<>();
                        try (KeyValueIterator<String, String> it = switch (r.key()) {
                            case "A" -> store.range("b", "d");
                            case "B" -> store.reverseRange("b", "date");
                            case "C" -> store.all();
                            default -> store.prefixScan(r.value().substring(0, 1), STR.serializer());
                        }) {
                            it.forEachRemaining(e -> keys.add(e.key));
                        }
                        context().forward(r.withValue(r.value() + ":" + String.join(",", keys)));
                        store.put(r.value(), r.key());
                    }
                }, "rows").to("output", OUT);
            }));

        l.add(c("stream-time-punctuator").store("counts", KEY_VALUE).gen(ProcessorCases::wordsAndClock).spec("""
            stream(`input`) -> process(P, key-value store `counts`: string -> int64) -> to(`output`). P counts records per key in `counts`
            and forwards nothing on records. init schedules a STREAM_TIME punctuator every 1000 ms: for each entry of counts.all() (ascending key)
            it forwards (key, "n=" + count, timestamp = the punctuation timestamp), then deletes the entry. Wall-clock advances in the
            steps have no effect. See FORMAT.md, "Punctuators", for when it fires.
            """).dsl(b -> {
                b.addStateStore(number("counts"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, Long>>("counts") {
                    @Override
                    void start(final ProcessorContext<String, String> context) {
                        context.schedule(ms(1000), PunctuationType.STREAM_TIME, t -> flush(store, context, t));
                    }

                    @Override
                    public void process(final Record<String, String> r) {
                        final Long n = store.get(r.key());
                        store.put(r.key(), n == null ? 1L : n + 1);
                    }
                }, "counts").to("output", OUT);
            }));

        l.add(c("stream-time-punctuator-trace").gen(ProcessorCases::wordsAndClock).spec("""
            stream(`input`) -> process(P) -> to(`output`). P forwards every record unchanged. init schedules two STREAM_TIME punctuators,
            every 700 ms and every 1000 ms, which forward (name, "@" + t, timestamp t) with the names (keys) "p700" and "p1000" and t =
            the punctuation timestamp. `output` shows that a punctuator fires after the record that advanced stream time.
            """).dsl(b -> b.stream("input", IN).process(() -> new ContextualProcessor<String, String, String, String>() {
                @Override
                public void init(final ProcessorContext<String, String> context) {
                    super.init(context);
                    for (final long p : new long[] {700, 1000}) {
                        context.schedule(ms(p), PunctuationType.STREAM_TIME,
                            t -> context.forward(new Record<>("p" + p, "@" + t, t)));
                    }
                }

                @Override
                public void process(final Record<String, String> r) {
                    context().forward(r);
                }
            }).to("output", OUT)).compare(Case.Compare.PER_KEY));

        l.add(c("punctuator-anchored").gen(ProcessorCases::wordsAndClock).spec("""
            stream(`input`) -> process(P) -> to(`output`). P forwards nothing itself. init schedules four punctuators, every 700 ms, with a
            start time: STREAM_TIME from 250 and from 101000, WALL_CLOCK_TIME from 250 and from 2000, which forward (name, "@" + t,
            timestamp t), names "s250", "s101000", "w250" and "w2000". With value "cat" P cancels what it scheduled for "cat" before
            and schedules two more, every 300 ms from 100: STREAM_TIME named "cs" and WALL_CLOCK_TIME named "cw". Store `more` (string ->
            int64) is for what is to survive a restart.
            """).dsl(b -> {
                b.addStateStore(number("more"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, Long>>("more") {
                    private final List<Cancellable> more = new ArrayList<>();

                    @Override
                    void start(final ProcessorContext<String, String> context) {
                        every(700, 250, PunctuationType.STREAM_TIME, "s250");
                        every(700, 101_000, PunctuationType.STREAM_TIME, "s101000");
                        every(700, 250, PunctuationType.WALL_CLOCK_TIME, "w250");
                        every(700, 2000, PunctuationType.WALL_CLOCK_TIME, "w2000");
                    }

                    @Override
                    public void process(final Record<String, String> r) {
                        if ("cat".equals(r.value())) {
                            more.forEach(Cancellable::cancel);
                            more.clear();
                            more.add(every(300, 100, PunctuationType.STREAM_TIME, "cs"));
                            more.add(every(300, 100, PunctuationType.WALL_CLOCK_TIME, "cw"));
                        }
                    }

                    private Cancellable every(final long interval, final long start, final PunctuationType type, final String name) {
                        return context().schedule(java.time.Instant.ofEpochMilli(start), ms(interval), type,
                            t -> context().forward(new Record<>(name, "@" + t, t)));
                    }
                }, "more").to("output", OUT);
            }).compare(Case.Compare.PER_KEY));

        l.add(c("wall-clock-punctuator").store("counts", KEY_VALUE).gen(ProcessorCases::wordsAndClock).spec("""
            As stream-time-punctuator, but with a WALL_CLOCK_TIME punctuator every 500 ms. The wall clock starts at 0 and moves only by
            advanceWallClock steps.
            """).dsl(b -> {
                b.addStateStore(number("counts"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, Long>>("counts") {
                    @Override
                    void start(final ProcessorContext<String, String> context) {
                        context.schedule(ms(500), PunctuationType.WALL_CLOCK_TIME, t -> flush(store, context, t));
                    }

                    @Override
                    public void process(final Record<String, String> r) {
                        final Long n = store.get(r.key());
                        store.put(r.key(), n == null ? 1L : n + 1);
                    }
                }, "counts").to("output", OUT);
            }));

        l.add(c("punctuator-cancel-and-reschedule").gen(g -> {
            for (int i = 0; i < 64; i++) {
                if (g.chance(0.55)) {
                    g.advance(g.between(0, 500));
                } else {
                    g.pipe("input", g.key(), g.pick("cat", "cat", "fig", "dog", "dog"), g.ts());
                }
            }
        }).spec("""
            stream(`input`) -> process(P) -> to(`output`). P holds one WALL_CLOCK_TIME punctuator at a time; init schedules none. For value
            "fig" it cancels the current one (if any); for "cat" it cancels the current one and schedules a new one every 300 ms.
            Punctuators forward ("tick", "#" + number of the punctuator (1, 2, ... in order of scheduling) + "@" + t, timestamp t).
            Records themselves are not forwarded. How many were scheduled is in store `ticks` (string -> int64, key "scheduled"), and what
            else is to survive a restart.
            """).dsl(b -> {
                b.addStateStore(number("ticks"));
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, Long>>("ticks") {
                    private Cancellable current;

                    @Override
                    public void process(final Record<String, String> r) {
                        if ("fig".equals(r.value()) || "cat".equals(r.value())) {
                            if (current != null) {
                                current.cancel();
                                current = null;
                            }
                        }
                        if ("cat".equals(r.value())) {
                            final Long before = store.get("scheduled");
                            final long n = before == null ? 1 : before + 1;
                            store.put("scheduled", n);
                            current = context().schedule(ms(300), PunctuationType.WALL_CLOCK_TIME,
                                t -> context().forward(new Record<>("tick", "#" + n + "@" + t, t)));
                        }
                    }
                }, "ticks").to("output", OUT);
            }));

        l.add(c("forward-with-timestamp").spec("""
            stream(`input`) -> process(P) -> groupByKey -> windowedBy(tumbling 1000 ms, grace 60000 ms) -> reduce((a, v) => a + "," + v) ->
            toStream -> map to key wk(w) -> to(`output`). P ignores null values; else it forwards (k, v) with timestamp rounded down
            to a multiple of 500, and then (k + "2", v) with timestamp + 10000. Downstream operators use the new timestamps.
            """).dsl(b -> b.stream("input", IN).process(() -> new ContextualProcessor<String, String, String, String>() {
                @Override
                public void process(final Record<String, String> r) {
                    if (r.value() != null) {
                        context().forward(r.withTimestamp(r.timestamp() / 500 * 500));
                        context().forward(r.withKey(r.key() + "2").withTimestamp(r.timestamp() + 10_000));
                    }
                }
            }).groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(60_000)))
                .reduce((a, v) -> a + "," + v, win("reduced", STR)).toStream().selectKey((w, v) -> wk(w)).to("output", OUT)));

        l.add(c("low-level-topology").out("evens").store("state", KEY_VALUE).spec("""
            Built with the low-level Topology API: source "src" (`input`) -> processor "router" (store `state`: string -> string) -> sinks
            "out" (`output`) and "evens" (`evens`). router: null value: forward to every child. Otherwise, if length(v) is even, forward
            to the child "evens" only; else to the child "out" only, with value v + "<" + str(state.get(k)). Then state.put(k, v).
            """).raw(() -> new Topology()
                .addSource("src", STR.deserializer(), STR.deserializer(), "input")
                .addProcessor("router", (ProcessorSupplier<String, String, String, String>) () ->
                    new WithStore<KeyValueStore<String, String>>("state") {
                        @Override
                        public void process(final Record<String, String> r) {
                            if (r.value() == null) {
                                context().forward(r);
                            } else if (r.value().length() % 2 == 0) {
                                context().forward(r, "evens");
                            } else {
                                context().forward(r.withValue(r.value() + "<" + store.get(r.key())), "out");
                            }
                            store.put(r.key(), r.value());
                        }
                    }, "src")
                .addStateStore(text("state"), "router")
                .addSink("out", "output", STR.serializer(), STR.serializer(), "router")
                .addSink("evens", "evens", STR.serializer(), STR.serializer(), "router")));

        l.add(c("shared-store").in("config").store("settings", KEY_VALUE).gen(g -> {
            for (int i = 0; i < 56; i++) {
                g.pipe(g.chance(0.35) ? "config" : "input", g.key(), g.wordOrNull(0.1), g.ts());
            }
        }).spec("""
            Two processors share the key-value store `settings`: string -> string. stream(`config`) -> process(C): settings.put(k, v) (null
            deletes), forwards nothing. stream(`input`) -> process(P) -> to(`output`): forwards (k, str(v) + "/" + str(settings.get(k))).
            """).dsl(b -> {
                b.addStateStore(text("settings"));
                b.stream("config", IN).process(() -> new WithStore<KeyValueStore<String, String>>("settings") {
                    @Override
                    public void process(final Record<String, String> r) {
                        store.put(r.key(), r.value());
                    }
                }, "settings");
                b.stream("input", IN).process(() -> new WithStore<KeyValueStore<String, String>>("settings") {
                    @Override
                    public void process(final Record<String, String> r) {
                        context().forward(r.withValue(str(r.value()) + "/" + str(store.get(r.key()))));
                    }
                }, "settings").to("output", OUT);
            }));

        l.add(c("process-values-with-store").out("output", Fmt.STRING, Fmt.LONG).store("sums", TIMESTAMPED_KEY_VALUE).spec("""
            stream(`input`) -> processValues(P, timestamped key-value store `sums`: string -> int64) -> to(`output`, int64). P: (value, ts)
            = sums.get(k); new value = (value or 0) + (v == null ? 0 : length(v)); stored with timestamp max(ts, record timestamp);
            forwards the new value with the record's own timestamp.
            """).dsl(b -> b.stream("input", IN).processValues(new FixedKeyProcessorSupplier<String, String, Long>() {
                @Override
                public FixedKeyProcessor<String, String, Long> get() {
                    return new ContextualFixedKeyProcessor<>() {
                        private TimestampedKeyValueStore<String, Long> store;

                        @Override
                        public void init(final FixedKeyProcessorContext<String, Long> context) {
                            super.init(context);
                            store = context.getStateStore("sums");
                        }

                        @Override
                        public void process(final FixedKeyRecord<String, String> r) {
                            final ValueAndTimestamp<Long> old = store.get(r.key());
                            final long sum = (old == null ? 0 : old.value()) + (r.value() == null ? 0 : r.value().length());
                            store.put(r.key(), ValueAndTimestamp.make(sum, Math.max(old == null ? 0 : old.timestamp(), r.timestamp())));
                            context().forward(r.withValue(sum));
                        }
                    };
                }

                @Override
                public Set<StoreBuilder<?>> stores() {
                    return Set.of(Stores.timestampedKeyValueStoreBuilder(Stores.persistentTimestampedKeyValueStore("sums"), STR, I64));
                }
            }).to("output", OUT_LONG)));

        l.add(c("window-store-fetch").store("events", WINDOW).spec("""
            stream(`input`) -> process(P, window store `events`: string -> string, retention 1 h, window size 1000 ms, no duplicates) ->
            to(`output`). P ignores null values; events.put(k, v, window start = record timestamp); then forwards (k, text) where text lists
            the values of events.fetch(k, timestamp - 1000, timestamp) (both inclusive, ascending by time) as value@start joined
            with ",". A second put with the same key and start replaces the value.
            """).dsl(b -> {
                b.addStateStore(Stores.windowStoreBuilder(Stores.persistentWindowStore("events", HOUR, ms(1000), false), STR, STR));
                b.stream("input", IN).process(() -> new WithStore<WindowStore<String, String>>("events") {
                    @Override
                    public void process(final Record<String, String> r) {
                        if (r.value() == null) {
                            return;
                        }
                        store.put(r.key(), r.value(), r.timestamp());
                        final List<String> out = new ArrayList<>();
                        try (WindowStoreIterator<String> it = store.fetch(r.key(), Math.max(0, r.timestamp() - 1000), r.timestamp())) {
                            it.forEachRemaining(e -> out.add(e.value + "@" + e.key));
                        }
                        context().forward(r.withValue(String.join(",", out)));
                    }
                }, "events").to("output", OUT);
            }));

        l.add(c("window-store-retention").store("events", WINDOW).gen(g -> {
            for (int i = 0; i < 64; i++) {
                g.pipe("input", g.pick("A", "B"), g.word(), g.ts(300, 0.3, 2000, 0.1, 8000));
            }
        }).spec("""
            As window-store-fetch with retention 2000 ms and window size 1000 ms; the fetch is events.fetch(k, 0, timestamp + 1000), and
            text starts with str(events.fetch(k, timestamp)) + ":" (point lookup of what was just put). An entry is visible if and only
            if its start > store stream time - 2000, where the store's stream time is the largest start ever put (any key). See FORMAT.md,
            "Retention".
            """).dsl(b -> {
                b.addStateStore(Stores.windowStoreBuilder(Stores.persistentWindowStore("events", ms(2000), ms(1000), false), STR, STR));
                b.stream("input", IN).process(() -> new WithStore<WindowStore<String, String>>("events") {
                    @Override
                    public void process(final Record<String, String> r) {
                        store.put(r.key(), r.value(), r.timestamp());
                        final List<String> out = new ArrayList<>();
                        try (WindowStoreIterator<String> it = store.fetch(r.key(), 0, r.timestamp() + 1000)) {
                            it.forEachRemaining(e -> out.add(e.value + "@" + e.key));
                        }
                        context().forward(r.withValue(str(store.fetch(r.key(), r.timestamp())) + ":" + String.join(",", out)));
                    }
                }, "events").to("output", OUT);
            }));

        l.add(c("dsl-window-store-query").store("counts", TIMESTAMPED_WINDOW).gen(WindowCases.events(300, 700, 0)).spec("""
            s = stream(`input`). s -> groupByKey -> windowedBy(tumbling 1000 ms, grace 1000 ms) -> count(store `counts`, retention 1 h). s ->
            filter(k != null) -> process(P connected to store `counts`) -> to(`output`), added after the count. P forwards (k, text), text = for each
            window of counts.fetch(k, max(0, timestamp - 3000), timestamp): start + "=" + count + "/" + timestamp stored with
            the count; joined with ",", ascending.
            """).dsl(b -> {
                final var s = b.stream("input", IN);
                s.groupByKey(GROUPED).windowedBy(TimeWindows.ofSizeAndGrace(ms(1000), ms(1000)))
                    .count(Dsl.<Long>win("counts", I64).withRetention(HOUR));
                s.filter((k, v) -> k != null).process(() -> new WithStore<TimestampedWindowStore<String, Long>>("counts") {
                    @Override
                    public void process(final Record<String, String> r) {
                        final List<String> out = new ArrayList<>();
                        try (WindowStoreIterator<ValueAndTimestamp<Long>> it =
                                 store.fetch(r.key(), Math.max(0, r.timestamp() - 3000), r.timestamp())) {
                            it.forEachRemaining(e -> out.add(e.key + "=" + e.value.value() + "/" + e.value.timestamp()));
                        }
                        context().forward(r.withValue(String.join(",", out)));
                    }
                }, "counts").to("output", OUT);
            }));

        l.add(c("session-store-api").store("sessions", SESSION).spec("""
            stream(`input`) -> process(P, session store `sessions`: string -> string, retention 1 h) -> to(`output`). P ignores null values;
            found = list of sessions.findSessions(k, timestamp - 500, timestamp + 500) (sessions with end >= timestamp - 500 and start <=
            timestamp + 500, ascending); removes every found session; puts one session [min of starts and timestamp, max of ends and
            timestamp] with value = values of found joined by "" in order, then v's first character; forwards (k, found rendered as
            wk(w) + "=" + value joined with "," ).
            """).dsl(b -> {
                b.addStateStore(Stores.sessionStoreBuilder(Stores.persistentSessionStore("sessions", HOUR), STR, STR));
                b.stream("input", IN).process(() -> new WithStore<SessionStore<String, String>>("sessions") {
                    @Override
                    public void process(final Record<String, String> r) {
                        if (r.value() == null) {
                            return;
                        }
                        final List<KeyValue<Windowed<String>, String>> found = new ArrayList<>();
                        try (KeyValueIterator<Windowed<String>, String> it =
                                 store.findSessions(r.key(), r.timestamp() - 500, r.timestamp() + 500)) {
                            it.forEachRemaining(found::add);
                        }
                        long start = r.timestamp();
                        long end = r.timestamp();
                        final StringBuilder text = new StringBuilder();
                        final List<String> out = new ArrayList<>();
                        for (final KeyValue<Windowed<String>, String> f : found) {
                            start = Math.min(start, f.key.window().start());
                            end = Math.max(end, f.key.window().end());
                            text.append(f.value);
                            out.add(wk(f.key) + "=" + f.value);
                            store.remove(f.key);
                        }
                        text.append(r.value().charAt(0));
                        store.put(new Windowed<>(r.key(), new org.apache.kafka.streams.kstream.internals.SessionWindow(start, end)), text.toString());
                        context().forward(r.withValue(String.join(",", out)));
                    }
                }, "sessions").to("output", OUT);
            }));
        return l;
    }

    private static void flush(final KeyValueStore<String, Long> store, final ProcessorContext<String, String> context, final long t) {
        final List<KeyValue<String, Long>> rows = new ArrayList<>();
        try (KeyValueIterator<String, Long> it = store.all()) {
            it.forEachRemaining(rows::add);
        }
        for (final KeyValue<String, Long> row : rows) {
            context.forward(new Record<>(row.key, "n=" + row.value, t));
            store.delete(row.key);
        }
    }
}
