// @vitest-environment happy-dom
import { describePage } from './page-suite.js'

describePage('happy-dom')
