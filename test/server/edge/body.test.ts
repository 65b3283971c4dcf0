import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_BODY_BYTES } from '../../../src/limits.js'
import { readBody } from '../../../src/server/edge/body.js'
import { refusal } from '../../helpers/refusal.js'

const FORM = 'application/x-www-form-urlencoded'

/** A request whose body comes in these parts; `over` is told when the rest is not wanted. */
function inParts(parts: readonly Uint8Array[], over = () => {}, type = FORM): Request {
  const left = [...parts]
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = left.shift()
        if (part) controller.enqueue(part)
        else controller.close()
      },
      cancel: over,
    },
    { highWaterMark: 0 },
  )
  return new Request('https://app.example/', {
    ...{ method: 'POST', headers: { 'content-type': type }, body, duplex: 'half' },
  })
}
const bytes = (text: string) => new TextEncoder().encode(text)
const read = (request: Request) => readBody(request, FORM)

describe('a body', () => {
  it('is read whole, in whatever parts it comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.array(fc.nat(20)), async (text, lengths) => {
        const parts: Uint8Array[] = []
        let rest = bytes(text)
        for (const length of lengths) {
          parts.push(rest.slice(0, length))
          rest = rest.slice(length)
        }
        // What decoding makes of it: a byte order mark in front is not text.
        expect(await read(inParts([...parts, rest]))).toBe(new TextDecoder().decode(bytes(text)))
      }),
    )
  })

  it('may be missing', async () => {
    const headers = { 'content-type': FORM }
    expect(await read(new Request('https://app.example/', { method: 'POST', headers }))).toBe('')
  })

  it('may be as long as the limit, and no byte longer', async () => {
    const half = new Uint8Array(MAX_BODY_BYTES / 2).fill(97)
    expect(await read(inParts([half, half]))).toHaveLength(MAX_BODY_BYTES)
    let isOver = false
    const request = inParts([half, half, bytes('a'), half], () => {
      isOver = true
    })
    expect((await refusal(read(request), 'callback_malformed')).message).toBe('The body is over 65536 bytes.')
    expect(isOver).toBe(true)
  })

  it('that is too long and cannot be cancelled is refused all the same', async () => {
    const long = inParts([new Uint8Array(MAX_BODY_BYTES + 1)], () => {
      throw new Error('cannot be cancelled')
    })
    await refusal(read(long), 'callback_malformed')
  })

  it('that breaks off is not taken for complete', async () => {
    let sent = 0
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent++) controller.error(new Error('gone'))
        else controller.enqueue(bytes('code=a'))
      },
    })
    const init = { method: 'POST', headers: { 'content-type': FORM }, body, duplex: 'half' }
    const error = await refusal(read(new Request('https://app.example/', init)), 'callback_malformed')
    expect(error.message).toBe('The body is incomplete.')
  })

  it('that somebody has read, or reads now, is refused: pass the request before', async () => {
    const [used, locked] = [inParts([bytes('a')]), inParts([bytes('a')])]
    await used.text()
    locked.body?.getReader()
    for (const request of [used, locked]) {
      const { message, hint } = await refusal(read(request), 'callback_malformed')
      expect([message, hint]).toEqual(['The body was read before.', 'Pass the request before its body is read.'])
    }
  })
})

describe('the content type', () => {
  it.each([FORM, 'Application/X-WWW-Form-Urlencoded', `${FORM};charset=UTF-8`, `\t${FORM} ; charset=utf-8`])(
    'may be %j',
    async (type) => expect(await read(inParts([bytes('a=b')], () => {}, type))).toBe('a=b'),
  )

  it.each(['', 'text/plain', `text/plain;${FORM}`, 'multipart/form-data; boundary=x', `${FORM}+json`, `\u00a0${FORM}`])(
    'is not %j',
    async (type) => {
      const { message, hint } = await refusal(read(inParts([bytes('a=b')], () => {}, type)), 'callback_malformed')
      expect([message, hint]).toEqual([`The body is not ${FORM}.`, `Send it as ${FORM}.`])
    },
  )

  it('is not missing', async () => {
    const request = inParts([bytes('a=b')])
    request.headers.delete('content-type')
    await refusal(read(request), 'callback_malformed')
  })
})
