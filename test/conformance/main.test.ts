// The command: its exit codes, and the one document that --json prints.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ConformanceCase } from './cases.ts'

const own = join(import.meta.dirname, 'cases')

function conformance(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'main.ts'), ...args],
    { encoding: 'utf8' },
  )
  return { code: status, out: stdout, err: stderr }
}

/** A folder with these cases in its folder `cases`. */
function withCases(cases: unknown, use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'weir-conformance-'))
  mkdirSync(join(folder, 'cases'))
  writeFileSync(join(folder, 'cases', 'some.json'), JSON.stringify(cases))
  try {
    use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function casesOf(family: string): ConformanceCase[] {
  return JSON.parse(readFileSync(join(own, `${family}.json`), 'utf8')) as ConformanceCase[]
}

test('cases that pass give exit code 0 and their number', () => {
  const stateless = casesOf('stateless')
  withCases(stateless, (folder) => {
    const { code, out } = conformance(folder, '--json')
    expect(JSON.parse(out)).toEqual({
      cases: stateless.length,
      passed: stateless.length,
      failed: [],
    })
    expect(code).toBe(0)
  })
})

test('a case that fails gives exit code 1, its id and the reason', () => {
  const [first, second] = casesOf('stateless')
  withCases([first, { ...second, expected: { main: [] } }], (folder) => {
    const { code, out } = conformance('--json', folder)
    const id = second?.id ?? ''
    expect(JSON.parse(out)).toEqual({
      cases: 2,
      passed: 1,
      failed: [{ id, reason: expect.stringContaining('0 rows expected') as unknown }],
    })
    expect(code).toBe(1)
    expect(conformance(folder).out).toContain(`    ${id}: main: `)
  })
})

test('a job that nobody knows is a failed case', () => {
  withCases([{ ...casesOf('stateless')[0], job: { op: 'teleport' } }], (folder) => {
    const { code, out } = conformance(folder)
    expect(out).toContain('There is no op "teleport"')
    expect(code).toBe(1)
  })
})

test('without a case there is one sentence and exit code 2', () => {
  const missing = conformance('/no/such/folder')
  expect(missing).toEqual({
    code: 2,
    out: '',
    err: 'conformance: There is no folder /no/such/folder.\n',
  })
  withCases([], (folder) => {
    expect(conformance(folder, '--json').code).toBe(2)
  })
  withCases([{ hello: 1 }], (folder) => {
    expect(conformance(folder).err).toContain('some.json holds something that is not a case')
  })
  expect(conformance('--jsn')).toMatchObject({ code: 2, out: '' })
})
