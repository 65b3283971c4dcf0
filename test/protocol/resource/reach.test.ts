import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mayReach, zoneOf } from '../../../src/protocol/resource/reach.js'
import { checkReach } from '../../../src/protocol.js'
import { refusal } from '../../helpers/refusal.js'

const PUBLIC = new URL('https://mcp.example')

describe('zoneOf', () => {
  it.each([
    [
      'public',
      ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '100.128.0.1', '126.1.1.1', '169.253.1.1'],
    ],
    [
      'public',
      [
        'as.example',
        'as.example.',
        'local.example',
        'internal.co',
        'localhost.example',
        '1.example',
        '[2600:0:1::1]',
        '[2606:4700::1111]',
        '[2001:4860:4860::8888]',
      ],
    ],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '198.18.0.1', '224.0.0.1']],
    [
      'private',
      ['255.255.255.255', '192.0.0.1', '[fd00::1]', '[fc00::]', '[ff02::1]', '[fec0::1]', '[64:ff9b::a00:1]'],
    ],
    ['private', ['[2002:7f00:1::]', '[2001:0:1::]', '[::ffff:10.0.0.1]', '[::ffff:0:7f00:1]', '[100::1]']],
    [
      'private',
      ['vault', 'vault.', 'as.internal', 'as.LOCAL', 'as.corp.', 'a.b.home.arpa', 'metadata.google.internal'],
    ],
    [
      'loopback',
      ['localhost', 'LOCALHOST.', 'a.localhost', '127.0.0.1', '127.1', '0x7f.1', '2130706433', '0177.0.0.1'],
    ],
    [
      'private',
      [
        '1.internal',
        '[::1234:808:808]',
        'kubernetes.default.svc',
        'vault.ops.svc.',
        'as.test',
        'vault..',
        '168.63.129.16',
      ],
    ],
    ['loopback', ['localhost..']],
    ['loopback', ['0.0.0.0', '0', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '127.255.255.254']],
    [
      'link-local',
      ['169.254.169.254', '0xa9fea9fe', '[fe80::1]', '[febf::1]', '[::ffff:169.254.169.254]', '[fd00:ec2::254]'],
    ],
    ['link-local', ['１６９.254.169.254', '169。254。169。254']],
  ])('%s: %j', (zone, hosts) => {
    for (const host of hosts) expect([host, zoneOf(new URL(`https://${host}`))]).toEqual([host, zone])
  })

  it('knows every address in whatever way it is written', () => {
    fc.assert(
      fc.property(fc.ipV4Extended(), fc.ipV6(), (four, six) => {
        const url = new URL(`https://${four}`)
        expect(zoneOf(new URL(`https://[::ffff:${url.hostname}]`))).toBe(zoneOf(url))
        const address = new URL(`https://[${six}]`)
        expect(['public', 'private', 'loopback', 'link-local']).toContain(zoneOf(address))
        if (!/^\[[23]/.test(address.hostname) && !/^\[::/.test(address.hostname))
          expect(zoneOf(address)).not.toBe('public')
      }),
    )
  })
})

describe('mayReach', () => {
  const hosts = ['mcp.example', '10.0.0.1', 'localhost', '169.254.1.1'].map((host) => new URL(`https://${host}`))

  it('allows what is as far inside, or further outside', () => {
    const table = hosts.map((from) => hosts.map((to) => Number(mayReach(from, to))).join(''))
    expect(table).toEqual(['1000', '1100', '1110', '1111'])
  })
})

describe('checkReach', () => {
  it.each([
    { token_endpoint: 'https://169.254.169.254/latest/meta-data' },
    { jwks_uri: 'https://localhost/keys' },
    { registration_endpoint: 'https://vault.internal/v1/secret' },
    { mtls_endpoint_aliases: { token_endpoint: 'https://10.0.0.1/token' } },
    { authorization_endpoint: 'https://192.168.0.1/admin' },
    {
      token_endpoint: 'https://10.0.0.1/token',
      mtls_endpoint_aliases: { token_endpoint: 'https://mtls.example/token' },
    },
  ])('refuses a public server with an endpoint inside: %j', async (document) => {
    await refusal(() => checkReach(document, PUBLIC.href), 'endpoint_refused')
    expect(() => checkReach(document, 'https://[fe80::1]')).not.toThrow()
  })

  it('leaves everything else to the check of the endpoint', () => {
    const document = {
      token_endpoint: 'https://as.example',
      jwks_uri: 'no URL',
      x_endpoint: null,
      mtls_endpoint_aliases: 1,
    }
    expect(() => checkReach(document, PUBLIC.href)).not.toThrow()
  })
})
