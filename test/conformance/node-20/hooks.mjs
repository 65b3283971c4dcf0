const FS = new URL('./fs.mjs', import.meta.url).href

/** Gives the framework a module `fs` with `globSync`, which Node has from version 22 on. It needs it for other commands. */
export const resolve = (specifier, context, next) =>
  specifier === 'fs' && context.parentURL?.includes('/@modelcontextprotocol/conformance/')
    ? { url: FS, shortCircuit: true }
    : next(specifier, context)
