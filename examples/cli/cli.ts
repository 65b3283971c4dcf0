import open from 'open'
// In an app of yours: from 'proofkey' and 'proofkey/node'.
import {
  allowInsecureLoopback,
  checkIdTokenSignature,
  createClient,
  isProofkeyError,
  memoryVault,
} from '../../src/index.js'
import { type DevicePrompt, loopback, signInOnDevice } from '../../src/node.js'

export interface CliOptions {
  readonly issuer: string
  /** The device grant, for where no browser can come back to this machine. */
  readonly device: boolean
  /** Ends it, as Ctrl-C does. */
  readonly signal: AbortSignal
}

/** Signs a person in and says who it is; never a token, for terminals are logged. @returns the exit code */
export async function run({ issuer, device, signal }: CliOptions): Promise<number> {
  const config = {
    issuer,
    clientId: 'cli',
    scope: 'openid profile',
    signature: checkIdTokenSignature,
    // Only for a provider on this machine.
    insecure: allowInsecureLoopback,
  }
  try {
    const result = device
      ? await signInOnDevice({ ...config, signal, onPrompt: showCode })
      : await createClient({
          ...config,
          redirectUri: 'http://127.0.0.1/callback',
          vault: memoryVault(),
          userAgent: loopback({ open: visit }),
        }).signIn({ signal })
    // Who it is, is `sub`; a name may be missing.
    console.log(`Signed in as ${printable(result?.claims?.['name'] || result?.claims?.sub)}.`)
    return 0
  } catch (error) {
    if (!isProofkeyError(error)) throw error
    console.error(printable(`${error.code}: ${error.message} ${error.hint}`))
    return error.code === 'aborted' ? 130 : 1
  }
}

/** The link is printed in any case: there may be no browser, or the wrong one. */
async function visit(url: string): Promise<void> {
  console.log(`To sign in, open this link on this machine:\n\n  ${url}\n`)
  if (hasScreen()) await open(url).catch(() => {})
}

function showCode({ userCode, verificationUri, verificationUriComplete }: DevicePrompt): void {
  console.log(`To sign in here, open ${printable(verificationUri)} on any device and enter the code\n`)
  console.log(`  ${printable(userCode)}\n`)
  if (verificationUriComplete) console.log(`or open ${printable(verificationUriComplete)} and compare the code.\n`)
  console.log('Only do so if you have started this yourself.')
}

const hasScreen = () =>
  ['darwin', 'win32'].includes(process.platform) || !!(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'])

/** Names and what a server says come from elsewhere, and control characters are commands to a terminal. */
const printable = (text: unknown) => `${text}`.replace(/\p{C}/gu, '')
