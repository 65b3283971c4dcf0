import { testZoo } from './test-zoo.js'
import { NAMES, ZOO } from './zoo.js'

testZoo(NAMES.filter((name) => !('slow' in ZOO[name])))
