package millrace.oracle.cases;

import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;

/** A processor of texts with a store of type S. */
abstract class StoreProcessor<S extends StateStore, K2, V2> extends ContextualProcessor<String, String, K2, V2> {
    private final String storeName;
    S store;

    StoreProcessor(final String storeName) {
        this.storeName = storeName;
    }

    @Override
    public final void init(final ProcessorContext<K2, V2> context) {
        super.init(context);
        store = context.getStateStore(storeName);
        start(context);
    }

    void start(final ProcessorContext<K2, V2> context) { }
}
