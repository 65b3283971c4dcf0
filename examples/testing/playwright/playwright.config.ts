import { defineConfig } from '@playwright/test'

const executablePath = process.env['CHROMIUM']

export default defineConfig({
  testMatch: '*.spec.ts',
  outputDir: '../../../.cache/playwright',
  use: { launchOptions: { args: ['--no-sandbox'], ...(executablePath && { executablePath }) } },
})
