// `npm run conformance -- [DIR…] [--json]`: runs the conformance cases of folders (default: those beside
// this file) on the engine and compares with what Flink gave. Exit code 0: all passed, 1: one failed,
// 2: there was none to run.

import { join } from 'node:path'
import { NoCases, readCases } from './cases.ts'
import type { ConformanceCase } from './cases.ts'
import { runCase } from './run-case.ts'

interface Failure {
  readonly id: string
  readonly family: string
  readonly reason: string
}

process.exitCode = main(process.argv.slice(2))

function main(args: readonly string[]): number {
  const isJson = args.includes('--json')
  const folders = args.filter((arg) => arg !== '--json')
  const option = folders.find((folder) => folder.startsWith('-'))
  if (option !== undefined) return refuse(`There is no option ${option}; there is --json.`)
  const own = join(import.meta.dirname, 'cases')
  try {
    return report((folders.length === 0 ? [own] : folders).flatMap(readCases), isJson)
  } catch (error) {
    if (error instanceof NoCases) return refuse(error.message)
    throw error
  }
}

function report(cases: readonly ConformanceCase[], isJson: boolean): number {
  const failures = cases.flatMap((theCase): Failure[] => {
    const reason = runCase(theCase)
    return reason === null ? [] : [{ id: theCase.id, family: theCase.family, reason }]
  })
  if (isJson) {
    const failed = failures.map(({ id, reason }) => ({ id, reason }))
    const passed = cases.length - failed.length
    print(JSON.stringify({ cases: cases.length, passed, failed }))
  } else {
    printFamilies(cases, failures)
  }
  return failures.length === 0 ? 0 : 1
}

function printFamilies(cases: readonly ConformanceCase[], failures: readonly Failure[]): void {
  const families = [...new Set(cases.map(({ family }) => family))].sort()
  for (const family of families) {
    const all = cases.filter((theCase) => theCase.family === family).length
    const failed = failures.filter((failure) => failure.family === family)
    print(`${family.padEnd(26)} ${String(all - failed.length).padStart(4)} of ${all} passed`)
    for (const { id, reason } of failed) print(indented(`${id}: ${reason}`))
  }
  print(`\n${cases.length} cases, ${failures.length} failed`)
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}

function refuse(sentence: string): number {
  process.stderr.write(`conformance: ${sentence}\n`)
  return 2
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
