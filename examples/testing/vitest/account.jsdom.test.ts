// @vitest-environment jsdom
import { describeAccount } from './account.js'

describeAccount('jsdom')
