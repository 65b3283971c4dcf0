#!/usr/bin/env node
import { start } from './audit/cli/start.js'

await start()
