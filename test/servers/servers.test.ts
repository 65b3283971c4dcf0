import { EXPECTATIONS } from './expectations.js'
import { SERVERS } from './servers.js'
import { testServer } from './suite.js'

for (const name of Object.keys(SERVERS) as (keyof typeof SERVERS)[]) testServer(name, SERVERS[name], EXPECTATIONS[name])
