/** Installs what the tests run besides Node, or says what is missing. With a name as its argument, that one alone. */
import { CHROMIUM, HEADLESS_SHELL } from './chromium.js'
import { FIREFOX } from './firefox.js'
import { NGINX } from './nginx.js'
import { ensureProgram, installMissing } from './program.js'
import { REDIS } from './redis.js'
import { WEBKIT } from './webkit.js'

const programs = [CHROMIUM, FIREFOX, ...Object.values(WEBKIT), REDIS, NGINX]
const [only] = process.argv.slice(2)
const wanted = programs.filter(({ name }) => !only || name === only)
// Without it the tests run too.
installMissing(only ? wanted : [...wanted, HEADLESS_SHELL])
for (const program of wanted) console.log(`${program.name}: ${ensureProgram(program)}`)
