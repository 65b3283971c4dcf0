import fc from 'fast-check'

// The same inputs in each run: a run judges the change, not chance. `npm run fuzz` looks for new inputs.
fc.configureGlobal({ seed: Number(process.env['FAST_CHECK_SEED'] ?? 20_261_128) })
