import { EXPECTATIONS } from './expectations.js'
import { SERVERS } from './servers.js'
import { testServers } from './suite.js'

testServers(SERVERS, EXPECTATIONS)
