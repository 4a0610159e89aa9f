/**
 * The documents say what is so: links lead somewhere, code compiles and runs, every word of the code that they mention is
 * in the code, every module has its place in ARCHITECTURE.md, the numbers of decisions have no gap.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { allCommands } from '../cli/commands.ts'
import { anchorsOf, codeBlocksOf, codeWordsOf, linksOf, readDocuments, root } from './documents.ts'
import { readSources } from './source-files.ts'

const documents = readDocuments()
const sources = readSources()
const architecture = textOf('ARCHITECTURE.md')
const files = new Map(documents.map((document) => [document.path, document]))

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

test('every relative link leads to a file, and every anchor to a heading', () => {
  const broken = documents.flatMap(({ path, text }) =>
    linksOf(text)
      .filter((link) => !/^https?:/.test(link))
      .filter((link) => {
        const [file = '', anchor] = link.split('#')
        const target = file === '' ? path : posix.join(posix.dirname(path), file)
        if (!existsSync(join(root, target))) return true
        return anchor !== undefined && !anchorsOf(files.get(target)?.text ?? '').includes(anchor)
      })
      .map((link) => `${path}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('decisions are numbered without a gap, have their four parts, and code cites only those there are', () => {
  const decisions = documents.filter(({ path }) => path.startsWith('docs/decisions/'))
  expect(decisions.map(({ path }) => Number(posix.basename(path).slice(0, 4)))).toEqual(
    decisions.map((_, index) => index + 1),
  )
  for (const [index, { path, text }] of decisions.entries()) {
    expect(text, path).toMatch(new RegExp(`^# ${index + 1}\\. `))
    const headings = ['context', 'decision', 'rejected', 'consequences']
    expect(anchorsOf(text), path).toEqual(expect.arrayContaining(headings))
    expect(text.split('\n').length, path).toBeLessThanOrEqual(61)
  }
  const cited = sources.flatMap(({ path, comments }) =>
    comments
      .flatMap(({ value }) => [...value.matchAll(/\bdecision (\d+)\b/gi)])
      .map(([, number]) => [path, Number(number)] as const),
  )
  expect(cited.filter(([, number]) => number > decisions.length)).toEqual([])
})

test('lines have at most 100 columns, and ARCHITECTURE.md at most 300 lines', () => {
  const long = documents.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => (Array.from(line).length > 100 ? [`${path}:${index + 1}`] : [])),
  )
  expect(long).toEqual([])
  expect(architecture.trimEnd().split('\n').length).toBeLessThanOrEqual(300)
})

test('ARCHITECTURE.md names every module of engine and sim, under its folder, and no other', () => {
  const [, map = ''] = architecture.split('\n## Code map\n')
  const [codeMap = ''] = map.split('\n## ')
  const named = codeMap.split(/\*\*(?=`)/).flatMap((part) => {
    const folder = /^`((?:engine|sim)\/[a-z/]*)`/.exec(part)?.[1]
    if (folder === undefined) return []
    return [...part.matchAll(/`([\w-]+\.ts)`/g)].map(([, name]) => `${folder}${name}`)
  })
  const modules = sources.map(({ path }) => path).filter((path) => /^(engine|sim)\//.test(path))
  expect(named.toSorted()).toEqual(modules.toSorted())
})

test('ARCHITECTURE.md shows the order of the folders that the tidy test enforces', () => {
  const tidy = /const engineOrder[^{]*\{(.*?)\n\}/s.exec(textOf('test/tidy.test.ts'))?.[1] ?? ''
  const enforced = [...tidy.matchAll(/(\w+): \[([^\]]*)\]/g)].map(([, folder, names = '']) =>
    `${folder}: ${(names.match(/\w+/g) ?? []).join(' ')}`.trim(),
  )
  const shown = /```text\n(kafka:.*?)```/s.exec(architecture)?.[1] ?? ''
  expect(enforced.length).toBeGreaterThan(10)
  expect(shown.split(/\n| {3}/).filter((entry) => entry !== '')).toEqual(enforced)
})

test('ARCHITECTURE.md lists the invariants that the oracle checks', () => {
  const [, list = ''] = architecture.split('\n## What the oracle checks\n')
  const [section = ''] = list.split('\n## ')
  const listed = [...section.matchAll(/`([A-Z]\d)`/g)].map(([, id]) => id)
  const oracle = sources.filter(({ path }) =>
    /^sim\/(oracle|testing)\/(check|judge|camp)/.test(path),
  )
  const checked = oracle.flatMap(({ text }) => [...text.matchAll(/'([SOTXBLD]\d)'/g)])
  expect(new Set(listed)).toEqual(new Set(checked.map(([, id]) => id)))
})

test('what stands in the documents as code stands in the code', () => {
  const code = new Set<string>()
  const texts = sources.filter(({ path }) => !path.startsWith('test/doc')).map(({ text }) => text)
  for (const text of [...texts, ...['package.json', '.oxlintrc.json', '.ci/run'].map(textOf)]) {
    for (const [word] of text.matchAll(/[A-Za-z_$][\w$]*(-[\w$]+)*/g)) code.add(word)
  }
  const isFile = (word: string): boolean =>
    existsSync(join(root, word)) || sources.some(({ path }) => path.endsWith(`/${word}`))
  const isKnown = (word: string): boolean =>
    isFile(word) ||
    (!/\.(ts|mjs|json)$/.test(word) && word.split(/[./]/).every((part) => code.has(part)))
  const unknown = documents.flatMap(({ path, text }) =>
    codeWordsOf(text)
      .filter((word) => !isKnown(word) && !notOurs.has(word))
      .map((word) => `${path}: ${word}`),
  )
  expect(unknown).toEqual([])
})

/** Examples, and names of other systems. */
const notOurs = new Set([
  '.ts',
  'chk-7/_metadata',
  'chk-7/sum-0-12',
  'lessons/jobs/NAME.ts',
  'Cluster',
  'MessageChannel',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
])

test('every command, option, script and variable in the documents exists', async () => {
  const commands = await allCommands()
  const names = new Set(commands.map(({ name }) => name))
  const options = new Set(commands.flatMap((command) => Object.keys(command.options)))
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const text = documents.map((document) => document.text).join('\n')
  const called = [...text.matchAll(/npx weir (?:-- )?([a-z]+)(.*)/g)]
  expect(called.length).toBeGreaterThan(5)
  expect(called.map(([, name]) => name).filter((name) => !names.has(String(name)))).toEqual([])
  const given = called.flatMap(([, , rest = '']) => [...rest.matchAll(/ --([a-z-]+)/g)])
  expect(given.map(([, name]) => name).filter((name) => !options.has(String(name)))).toEqual([])
  const runs = [...text.matchAll(/npm (?:run )?(start|test|(?<=run )[a-z:]+)/g)]
  expect(
    runs.map(([, name]) => name).filter((name) => scripts[String(name)] === undefined),
  ).toEqual([])
})

/** The blocks that begin with the name of their file are complete; they may import one another. */
const complete = documents.flatMap(({ text }) =>
  codeBlocksOf(text).filter(({ language, file }) => language === 'ts' && file !== null),
)
const place = join(root, 'node_modules', '.cache', 'docs')

test('the complete code blocks compile, and the job of the first screen is at most 20 lines', () => {
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  for (const { file, code } of complete) writeFileSync(join(place, String(file)), code)
  const paths = {
    weirstream: ['../../../engine/index.ts'],
    'weirstream/sim': ['../../../sim/index.ts'],
    'weirstream/testing': ['../../../sim/testing/index.ts'],
  }
  const compilerOptions = { composite: false, emitDeclarationOnly: false, noEmit: true, paths }
  const options = { extends: '../../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }
  writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(options))
  expect(complete.map(({ file }) => file)).toEqual(['job.ts', 'job.test.ts'])
  expect(run(join(root, 'node_modules', '.bin', 'tsc'), '-p', place)).toBe('')
  const [job] = complete
  expect(job?.code.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
})

test('the job of README.md runs in the simulator and passes', () => {
  // Not below node_modules, where Node does not strip types.
  const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'))
  const job = join(folder, 'job.ts')
  writeFileSync(job, complete[0]?.code ?? '')
  const weir = join(root, 'cli', 'weir.mjs')
  const output = run(process.execPath, weir, 'simulate', job, '--crash', 'worker-1@3500', '--json')
  rmSync(folder, { recursive: true })
  expect(JSON.parse(output)).toMatchObject({ verdict: 'passed', lost: 0, duplicated: 0 })
})

function run(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `${stdout}${stderr}`
  }
}
