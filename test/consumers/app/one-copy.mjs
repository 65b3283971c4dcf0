import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
for (const entry of ['', '/server', '/node']) {
  const [imported, required] = [await import(`proofkey${entry}`), require(`proofkey${entry}`)]
  if (imported.ProofkeyError !== required.ProofkeyError) throw new Error(`${entry}: two copies`)
}
