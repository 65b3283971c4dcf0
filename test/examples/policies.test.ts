import { expect, it } from 'vitest'
import { startBackendForFrontend } from '../../examples/backend-for-frontend/serve.js'
import { startDemo } from '../../examples/demo/server.js'
import { startPopup } from '../../examples/popup/serve.js'
import { documentText } from '../helpers/documents.js'

/** The policies of the guide, each in one line. The pages that send them are those of the end-to-end tests. */
const policies = [
  ...documentText('docs/deploy/content-security-policy.md').matchAll(/^Content-Security-Policy:\n((?: {2}.*\n)+)/gm),
].map(([, lines = '']) => lines.trim().replace(/\n\s*/g, ' '))

it.each([
  ['of a page', 0, () => startDemo({ port: 0, providerPort: 0 }), '/'],
  ['of a page with popup and frame', 1, () => startPopup(0), '/'],
  ['of its callback page', 2, () => startPopup(0), '/callback'],
  ['of a page with its session at the backend', 3, () => startBackendForFrontend(0), '/'],
])('the policy of the guide is that %s', async (_, index, start, path) => {
  const { url, issuer, close } = await start()
  try {
    const { headers } = await fetch(`${url}${path}`)
    const guide = policies[index]
      ?.replace(' https://api.example.com', '')
      .replaceAll('https://login.example.com', issuer)
    expect(headers.get('content-security-policy')).toBe(guide)
  } finally {
    await close()
  }
})
