import { fileURLToPath } from 'node:url'
import { performCompilation, readConfiguration } from '@angular/compiler-cli'
import linker from '@angular/compiler-cli/linker/babel'
import { transformAsync } from '@babel/core'
import type { Plugin } from 'vite'

/**
 * Does what Angular's command line does for an app: compiles the templates before they reach the browser, those of
 * Angular's packages too. A compiler in the page would need `unsafe-eval` in its policy.
 */
export function angular(base: string): Plugin {
  const compiled = compile(fileURLToPath(new URL('tsconfig.json', base)))
  return {
    name: 'angular',
    enforce: 'pre',
    async transform(code, id) {
      if (compiled.has(id)) return { code: compiled.get(id) as string, map: null }
      if (!id.includes('/@angular/') || !code.includes('ɵɵngDeclare')) return
      const linked = await transformAsync(code, { filename: id, plugins: [linker], configFile: false, compact: false })
      return { code: linked?.code ?? code, map: null }
    },
  }
}

/** @returns the JavaScript of each source file of the app, by its path. `npm run lint` checks the types. */
function compile(project: string): ReadonlyMap<string, string> {
  const { rootNames, options } = readConfiguration(project, { noEmit: false })
  const files = new Map<string, string>()
  performCompilation({
    rootNames,
    options,
    gatherDiagnostics: () => [],
    emitCallback({ program, targetSourceFile, customTransformers }) {
      const name = targetSourceFile?.fileName ?? ''
      if (!rootNames.includes(name)) return { emitSkipped: true, diagnostics: [] }
      const keep = (_: string, text: string) => files.set(name, text)
      return program.emit(targetSourceFile, keep, undefined, false, customTransformers)
    },
  })
  return files
}
