import { testZoo } from '../audit/zoo/test-zoo.js'
import { NAMES, ZOO } from '../audit/zoo/zoo.js'

testZoo(NAMES.filter((name) => 'slow' in ZOO[name]))
