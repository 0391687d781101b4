package millrace.oracle;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import millrace.oracle.cases.AggregateCases;
import millrace.oracle.cases.CachingCases;
import millrace.oracle.cases.CogroupCases;
import millrace.oracle.cases.EmitFinalCases;
import millrace.oracle.cases.ErrorCases;
import millrace.oracle.cases.ForeignKeyJoinCases;
import millrace.oracle.cases.OptimizationCases;
import millrace.oracle.cases.ProcessorCases;
import millrace.oracle.cases.SessionCases;
import millrace.oracle.cases.SlidingCases;
import millrace.oracle.cases.StatelessCases;
import millrace.oracle.cases.StreamStreamJoinCases;
import millrace.oracle.cases.StreamTableJoinCases;
import millrace.oracle.cases.SuppressCases;
import millrace.oracle.cases.TableCases;
import millrace.oracle.cases.TableTableJoinCases;
import millrace.oracle.cases.TimeCases;
import millrace.oracle.cases.VersionedCases;
import millrace.oracle.cases.WindowCases;

/** All cases, by name. */
final class Cases {
    static final Map<String, Case> BY_NAME = byName();

    private Cases() { }

    private static Map<String, Case> byName() {
        final Map<String, Case> all = new LinkedHashMap<>();
        Stream.of(StatelessCases.all(), AggregateCases.all(), CogroupCases.all(), TableCases.all(), WindowCases.all(), SlidingCases.all(),
            SessionCases.all(), SuppressCases.all(), EmitFinalCases.all(), StreamStreamJoinCases.all(), StreamTableJoinCases.all(),
            TableTableJoinCases.all(), ForeignKeyJoinCases.all(), ProcessorCases.all(), VersionedCases.all(), TimeCases.all(),
            ErrorCases.all(), CachingCases.all(), OptimizationCases.all()).flatMap(List::stream).forEach(c -> {
                if (all.put(c.name, c) != null) {
                    throw new IllegalStateException("two cases are named " + c.name);
                }
            });
        return all;
    }
}
