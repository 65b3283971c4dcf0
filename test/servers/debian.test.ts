import { EXPECTATIONS } from './expectations.js'
import { DEBIAN_SERVERS } from './servers.js'
import { testServer } from './suite.js'

for (const name of Object.keys(DEBIAN_SERVERS) as (keyof typeof DEBIAN_SERVERS)[])
  testServer(name, DEBIAN_SERVERS[name], EXPECTATIONS[name])
