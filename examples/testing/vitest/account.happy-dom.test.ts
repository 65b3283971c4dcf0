// @vitest-environment happy-dom
import { describeAccount } from './account.js'

describeAccount('happy-dom')
