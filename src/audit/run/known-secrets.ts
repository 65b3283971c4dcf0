/** The length from which a known secret is looked for in any text. */
const SHORTEST = 6

/**
 * Finds known secrets in texts, also percent-encoded and in base64. An audit knows hundreds of them and looks at each message,
 * so the time does not depend on how many there are: a text is read once, with a table of how secrets begin.
 */
export function createKnownSecrets() {
  const labels = new Map<string, string>()
  /** The forms of all secrets, by their first {@link SHORTEST} characters; longer ones first. */
  const byBeginning = new Map<string, [form: string, label: string][]>()

  return {
    /** The label of exactly this value. */
    labelOf: (value: string): string | undefined => labels.get(value),

    add(secret: string, label: string): void {
      if (secret.length < SHORTEST || labels.has(secret)) return
      labels.set(secret, label)
      for (const form of formsOf(secret)) {
        const beginning = form.slice(0, SHORTEST)
        const alike = byBeginning.get(beginning) ?? []
        alike.push([form, label])
        alike.sort(([a], [b]) => b.length - a.length)
        byBeginning.set(beginning, alike)
      }
    },

    /** Replaces each secret by its label. */
    cut(text: string): string {
      let [result, kept] = ['', 0]
      for (let at = 0; at + SHORTEST <= text.length; at++) {
        const alike = byBeginning.get(text.slice(at, at + SHORTEST))
        const found = alike?.find(([form]) => text.startsWith(form, at))
        if (!found) continue
        result += text.slice(kept, at) + found[1]
        kept = at + found[0].length
        at = kept - 1
      }
      return result + text.slice(kept)
    },
  }
}

/** How a secret can appear: as it is, encoded for a URL or a form, and inside of something that is in base64. */
function formsOf(secret: string): string[] {
  const encoded = [encodeURIComponent(secret), `${new URLSearchParams([['', secret]])}`.slice(1)]
  const lower = encoded.map((form) => form.replace(/%../g, (byte) => byte.toLowerCase()))
  const forms = [secret, ...encoded, ...lower]
  const base64 = [...new Set(forms)].flatMap((form) => [0, 1, 2].map((before) => base64Inside(form, before)))
  const base64url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))
  return [...new Set([...forms, ...base64, ...base64url])].filter((form) => form.length >= SHORTEST)
}

/** What of a secret's base64 is the same whatever stands around it. @param before bytes in front of it, modulo 3 */
function base64Inside(secret: string, before: number): string {
  const bytes = Buffer.from(secret)
  const first = (3 - before) % 3
  const whole = bytes.length - first - ((bytes.length - first) % 3)
  return bytes.subarray(first, first + Math.max(0, whole)).toString('base64')
}
