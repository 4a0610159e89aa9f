// What `npm pack` ships works where a user installs it: packs a copy of the repository, installs the
// tarball in an empty project, and there imports it, compiles against it and runs its command on a job.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const place = mkdtempSync(join(tmpdir(), 'weir-pack-'))
const project = join(place, 'project')
const installed = join(project, 'node_modules', 'weirstream')

const job = `import { defineJob, kafkaSink, kafkaSource, text } from 'weirstream'

export default defineJob('Copy', { checkpointing: { intervalMs: 1000 } }, (env) => {
  env
    .fromSource(kafkaSource({ topics: ['in'], groupId: 'copy', value: text }))
    .map((record) => record.value)
    .sinkTo(kafkaSink({ topic: 'out', value: text, delivery: 'exactly-once' }))
})
`

beforeAll(async () => {
  const copy = join(place, 'copy')
  const leftOut = ['node_modules', 'dist', '.git']
  cpSync(root, copy, { recursive: true, filter: (path) => !leftOut.includes(basename(path)) })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  await run(copy, 'npm', ['pack', '--silent', `--pack-destination=${place}`])
  const tarball = readdirSync(place).find((name) => name.endsWith('.tgz'))

  mkdirSync(project)
  writeProjectFile('package.json', '{ "type": "module", "private": true }')
  writeProjectFile('job.ts', job)
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--silent']
  await run(project, 'npm', ['install', ...quiet, join(place, String(tarball))])
}, 240_000)

afterAll(() => {
  rmSync(place, { recursive: true, force: true })
})

test('the tarball holds the page, and no TypeScript but declarations', () => {
  expect(existsSync(join(installed, 'dist', 'page', 'index.html'))).toBe(true)
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([])
})

test('an installed package is imported by its name and its entry points', async () => {
  writeProjectFile(
    'entries.js',
    `import { defineJob } from 'weirstream'
import { simulate } from 'weirstream/sim'
import { exactlyOnce } from 'weirstream/testing'
console.log(typeof defineJob, typeof simulate, typeof exactlyOnce)
`,
  )
  expect(await run(project, 'node', ['entries.js'])).toBe('function function function\n')
})

test('a job compiles against the declarations of the package', async () => {
  const compilerOptions = { strict: true, module: 'nodenext', noEmit: true, types: [] }
  writeProjectFile('tsconfig.json', JSON.stringify({ compilerOptions, files: ['job.ts'] }))
  await run(project, join(root, 'node_modules', '.bin', 'tsc'), ['-p', '.'])
})

test('the command of the package simulates a job written in TypeScript', async () => {
  const output = await run(project, 'npx', ['--no', 'weir', 'simulate', 'job.ts', '--json'])
  expect(JSON.parse(output)).toBeTypeOf('object')
}, 60_000)

function writeProjectFile(name: string, text: string): void {
  writeFileSync(join(project, name), text)
}

/** Runs a program on the Node of the tests; what it prints when it fails is in the error. */
async function run(folder: string, program: string, args: readonly string[]): Promise<string> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`
  const env = { ...process.env, PATH: path }
  const { stdout } = await promisify(execFile)(program, [...args], { cwd: folder, env }).catch(
    (error: Error & { stdout: string }) => {
      throw new Error(`${error.message}\n${error.stdout}`)
    },
  )
  return stdout
}
