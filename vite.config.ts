// The page's bundler and the two Vitest projects: `node`, and `browser` in a real Chromium.
// The page is built as static files that work from any path, so every address in it is relative.

import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { findChromium } from './cli/setup.mjs'

const chromium = findChromium()
const isStrict = process.env['WEIR_STRICT'] === '1'
const isLong = process.env['WEIR_LONG'] === '1'

const node: TestProjectConfiguration = {
  extends: true,
  test: {
    name: 'node',
    include: [isLong ? 'test/long/**/*.test.ts' : 'test/**/*.test.ts'],
    exclude: isLong ? [] : ['test/browser/**', 'test/long/**'],
    setupFiles: ['test/fixed-seed.ts'],
  },
}

const browser: TestProjectConfiguration = {
  extends: true,
  // Named here so that the dependency scan does not reload a page in the middle of a test.
  optimizeDeps: { include: ['axe-core', 'd3', 'fast-check', 'msgpackr/pack'] },
  test: {
    name: 'browser',
    include: ['test/browser/**/*.test.ts'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      instances: [{ browser: 'chromium' }],
      provider: playwright({
        launchOptions: {
          ...(chromium === undefined ? {} : { executablePath: chromium }),
          // Chromium refuses to sandbox itself as root.
          args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
        },
      }),
    },
  },
}

// Without a Chromium the browser project is left out; a strict run keeps it and so fails.
const withBrowser = !isLong && (chromium !== undefined || isStrict)

export default defineConfig({
  base: './',
  build: { outDir: 'dist/page', emptyOutDir: true },
  worker: { format: 'es' },
  test: {
    maxWorkers: 2,
    passWithNoTests: isLong,
    testTimeout: 20_000,
    projects: withBrowser ? [node, browser] : [node],
  },
})
