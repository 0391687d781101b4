package millrace.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Seeded input generator: a random walk over event time plus small key and value pools. */
public final class Gen {
    private final Random rnd;
    private final List<Step> steps = new ArrayList<>();
    public final long seed;
    /** The event time of the generator's own clock (the maximum timestamp it has handed out in order). */
    public long now;

    Gen(final String caseName, final long seed) {
        this.seed = seed;
        this.rnd = new Random(caseName.hashCode() * 1_000_003L + seed * 7919L);
        // Every third seed starts at zero so that windows touching the epoch are exercised.
        this.now = seed % 3 == 0 ? 0 : 100_000;
    }

    List<Step> steps() {
        return steps;
    }

    public int size() {
        return steps.size();
    }

    public boolean chance(final double p) {
        return rnd.nextDouble() < p;
    }

    /** Uniform in [lo, hi]. */
    public long between(final long lo, final long hi) {
        return lo + (long) (rnd.nextDouble() * (hi - lo + 1));
    }

    @SafeVarargs
    public final <T> T pick(final T... items) {
        return items[rnd.nextInt(items.length)];
    }

    public String key() {
        return pick("A", "B", "C", "D");
    }

    /** A key of the pool, or null with probability p. */
    public String keyOrNull(final double p) {
        return chance(p) ? null : key();
    }

    public String word() {
        return pick("apple", "ant", "bee", "berry", "cat", "cherry", "dog", "date", "eel", "fig");
    }

    public String wordOrNull(final double p) {
        return chance(p) ? null : word();
    }

    /** A value that is unique in the vector: v0, v1, ... by step index. */
    public String uniq(final String prefix) {
        return prefix + steps.size();
    }

    /**
     * Next timestamp. The clock moves by [0, stepMs]; then with probability pOoo the returned timestamp is up to
     * oooMs behind the clock, and with probability pLate up to lateMs behind. Never negative.
     */
    public long ts(final long stepMs, final double pOoo, final long oooMs, final double pLate, final long lateMs) {
        now += between(0, stepMs);
        final double d = rnd.nextDouble();
        if (d < pLate) {
            return Math.max(0, now - between(0, lateMs));
        }
        if (d < pLate + pOoo) {
            return Math.max(0, now - between(0, oooMs));
        }
        return now;
    }

    /** Mild defaults: steps of up to 400 ms, a quarter out of order by up to 600 ms. */
    public long ts() {
        return ts(400, 0.25, 600, 0, 0);
    }

    public void pipe(final String topic, final Object key, final Object value, final long ts) {
        steps.add(Step.pipe(topic, key, value, ts, List.of()));
    }

    /** Headers as alternating names and values. */
    public void pipe(final String topic, final Object key, final Object value, final long ts, final List<String[]> headers) {
        steps.add(Step.pipe(topic, key, value, ts, headers));
    }

    /** Pipes with one header ("n", step index). */
    public void pipeNumbered(final String topic, final Object key, final Object value, final long ts) {
        pipe(topic, key, value, ts, List.<String[]>of(new String[] {"n", Integer.toString(steps.size())}));
    }

    public void raw(final String topic, final Object key, final String rawValue, final long ts) {
        steps.add(Step.raw(topic, key, rawValue, ts));
    }

    public void advance(final long ms) {
        steps.add(Step.advance(ms));
    }
}
