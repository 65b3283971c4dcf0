import { EXPECTATIONS } from './expectations.js'
import { DEBIAN_SERVERS } from './servers.js'
import { testServers } from './suite.js'

testServers(DEBIAN_SERVERS, EXPECTATIONS)
