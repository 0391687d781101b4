import fc from "fast-check";

/** One seed for every property test, so that a run says the same twice. `PROPERTY_SEED=N` takes another one. */
fc.configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? 20_261_121) });
