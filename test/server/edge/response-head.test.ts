import { describe, expect, it } from 'vitest'
import { MAX_RESPONSE_HEAD_BYTES } from '../../../src/limits.js'
import { checkResponseHead, headBytes } from '../../../src/server/edge/response-head.js'
import { refusal } from '../../helpers/refusal.js'

describe('the size of a response head', () => {
  it('is that of its lines, cookies one by one', () => {
    const headers = new Headers({ location: '/x' })
    headers.append('set-cookie', 'a=1')
    headers.append('set-cookie', 'b=2')
    expect(headBytes(headers)).toBe('location: /x\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n'.length)
    expect(headBytes(new Headers())).toBe(0)
  })

  const ofBytes = (bytes: number) => new Headers({ location: 'x'.repeat(bytes - 'location: \r\n'.length) })

  it('may be as large as the limit for proxies', () => {
    checkResponseHead(ofBytes(MAX_RESPONSE_HEAD_BYTES))
  })

  it('is not larger: a proxy might answer with 502 and lose the cookies', async () => {
    const work = () => checkResponseHead(ofBytes(MAX_RESPONSE_HEAD_BYTES + 1))
    const { message, hint } = await refusal(work, 'storage_full')
    expect(message).toContain('has 3601 bytes of headers')
    expect(message).toContain('is 3600.')
    expect(hint).toContain('redisVault')
  })
})
