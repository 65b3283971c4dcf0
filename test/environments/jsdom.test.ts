// @vitest-environment jsdom
import { describePage } from './page-suite.js'

describePage('jsdom')
