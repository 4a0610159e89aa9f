// `npm test`: types, lint, format, dead code, then every test, and as its last line the totals.
//
//   --no-install   checks with what is there (`npm run check`)
//   --long         only the long campaigns of test/long (`npm run test:long`)
//
// Anything else goes to Vitest, for example a part of a file's name. A check that is not in order
// counts as one failure. With WEIR_STRICT=1 nothing may be skipped: what would be, for want of a
// browser or of a real Kafka, fails.
// @ts-check

import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  continueOnPinnedNode,
  findChromium,
  installBrowser,
  installPackages,
  notice,
  root,
  runTool,
} from './setup.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

const own = ['--no-install', '--long']
const options = process.argv.slice(2)
const isLong = options.includes('--long')
const isStrict = process.env['WEIR_STRICT'] === '1'

const mayInstall = !options.includes('--no-install')
if (mayInstall) installPackages()
await continueOnPinnedNode(fileURLToPath(import.meta.url))
if (mayInstall && !isLong) installBrowser()

const checks = [
  ['types', 'tsc', '-b'],
  ['lint', 'oxlint'],
  ['format', 'prettier', '--check', '--cache', '--log-level=warn', '.'],
  ['dead code', 'knip', '--no-progress'],
]
const broken = isLong ? [] : checks.filter((check) => !passes(check)).map(([name]) => name)
const totals = runVitest(options.filter((option) => !own.includes(option)))
if (!isLong && !isStrict && findChromium() === undefined) leaveOutBrowser(totals)

if (broken.length > 0) notice(`not in order: ${broken.join(', ')}.`)
if (isStrict && totals.skipped > 0) notice('WEIR_STRICT=1 allows no skipped test.')
const failed = totals.failed + broken.length
process.exitCode = failed > 0 || (isStrict && totals.skipped > 0) ? 1 : 0
process.stdout.write(`\n${totals.passed} passed, ${failed} failed, ${totals.skipped} skipped\n`)

/** @param {string[]} check */
function passes([name = '', program = '', ...args]) {
  const start = performance.now()
  const isFine = runTool(program, args) === 0
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${isFine ? 'ok    ' : 'FAILED'} ${name} (${program}, ${seconds} s)\n`)
  return isFine
}

/**
 * The totals come from the report, not from the exit code alone: a file that cannot be loaded holds no
 * test that could fail, and still counts as one failure.
 * @param {readonly string[]} args
 * @returns {Totals}
 */
function runVitest(args) {
  const report = join(root, 'node_modules', '.cache', 'vitest-report.json')
  rmSync(report, { force: true })
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const environment = isLong ? { WEIR_LONG: '1' } : {}
  const status = runTool('vitest', ['run', ...reporters, ...args], { environment })
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 }
  const result = JSON.parse(readFileSync(report, 'utf8'))
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = result.testResults
  const unloaded = files.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
  )
  const failed = result.numFailedTests + unloaded.length
  return {
    passed: result.numPassedTests,
    failed: status === 0 ? failed : Math.max(1, failed),
    skipped: result.numPendingTests + result.numTodoTests,
  }
}

/**
 * Without a Chromium the Vitest configuration has no browser project, unless the run is strict and so
 * fails for want of one; the files of that project count as skipped.
 * @param {Totals} totals
 */
function leaveOutBrowser(totals) {
  const files = readdirSync(join(root, 'test', 'browser'), { recursive: true, encoding: 'utf8' })
  const count = files.filter((file) => file.endsWith('.test.ts')).length
  notice(`no Chromium (set CHROMIUM to one): ${count} files of browser tests did not run.`)
  totals.skipped += count
}
