/**
 * The documents say what is so: links lead somewhere, code compiles and runs, every word of the code that they mention is
 * in the code, every module has its place in docs/modules.md and every folder in ARCHITECTURE.md, the numbers of
 * decisions have no gap.
 */
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { expect, test } from 'vitest'
import { allCommands } from '../cli/commands.ts'
import {
  anchorsOf,
  codeBlocksOf,
  codeMapOf,
  codeWordsOf,
  linksOf,
  moduleListOf,
  readDocuments,
  root,
} from './documents.ts'
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

const modules = sources.map(({ path }) => path).filter((path) => /^(engine|sim)\//.test(path))

test('docs/modules.md names every module of engine and sim once, under its folder, and no other', () => {
  const listed = moduleListOf(textOf('docs/modules.md'))
  expect(listed.map(({ path }) => path).toSorted()).toEqual(modules.toSorted())
  expect(listed.filter(({ words }) => words.length < 3)).toEqual([])
})

test('the list of modules is read as it stands: under another folder a module is another one', () => {
  const text = '## `engine/`\n\n- `a.ts` one\n\n## `engine/b/`\n\n- `a.ts` two\n- `c.ts`\n- d.ts\n'
  expect(moduleListOf(text)).toEqual([
    { path: 'engine/a.ts', words: 'one' },
    { path: 'engine/b/a.ts', words: 'two' },
    { path: 'engine/b/c.ts', words: '' },
  ])
})

test('the code map of ARCHITECTURE.md has every folder of engine and sim, and names no module that is not there', () => {
  const map = codeMapOf(architecture)
  const folders = new Set(modules.map((path) => `${posix.dirname(path)}/`))
  expect(map.map(({ folder }) => folder).toSorted()).toEqual([...folders].toSorted())
  const named = map.flatMap(({ folder, files }) => files.map((file) => `${folder}${file}`))
  expect(named.filter((path) => !modules.includes(path))).toEqual([])
  expect(
    map.filter(({ text }) => !text.includes('*Invariant:*')).map(({ folder }) => folder),
  ).toEqual(withoutInvariant)
})

/** Folders of one kind of thing, each of which keeps its own rules. */
const withoutInvariant = ['engine/metrics/', 'sim/plan/', 'sim/history/', 'sim/testing/']

test('ARCHITECTURE.md shows the order of the folders that the tidy test enforces', () => {
  const tidy = /const engineOrder[^{]*\{\n(.*?)\n\}/s.exec(textOf('test/tidy.test.ts'))?.[1] ?? ''
  const enforced = tidy.split(/^ {2}(?=\w+:)/m).flatMap((entry) => {
    const [folder, ...names] = entry.replace(/\.split\(\s*' ',?\s*\)/, '').match(/\w+/g) ?? []
    return folder === undefined ? [] : [`${folder}: ${names.join(' ')}`.trim()]
  })
  const shown = /```text\n(kafka:.*?)```/s.exec(architecture)?.[1] ?? ''
  expect(enforced.length).toBeGreaterThan(14)
  expect(shown.split(/\n| {3}/).filter((entry) => entry !== '')).toEqual(enforced)
})

test('ARCHITECTURE.md lists the invariants that the oracle checks', () => {
  const [, list = ''] = architecture.split('\n## What the oracle checks\n')
  const [section = ''] = list.split('\n## ')
  const listed = [...section.matchAll(/`((?:F-I|[A-Z])\d+)`/g)].map(([, id]) => id)
  const oracle = sources.filter(({ path }) =>
    /^sim\/(oracle|testing|history)\/(check|judge|camp|coordination)/.test(path),
  )
  const checked = oracle.flatMap(({ text }) => [...text.matchAll(/'((?:F-I|[SOTXBLD])\d+)'/g)])
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
  'test/lessons/jobs/NAME.test.ts',
  'allowedLateness',
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
  const files = ['job.ts', 'visits.ts', 'visits.test.ts', 'job.test.ts']
  expect(complete.map(({ file }) => file)).toEqual(files)
  expect(run(join(root, 'node_modules', '.bin', 'tsc'), '-p', place)).toBe('')
  const [job] = complete
  expect(job?.code.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
})

/** A project of a user's: outside of node_modules, where Node does not strip types. */
function inProject<R>(use: (folder: string) => R): R {
  const folder = mkdtempSync(join(tmpdir(), 'weir-docs-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'weirstream'))
  symlinkSync(join(root, 'node_modules', 'vitest'), join(folder, 'node_modules', 'vitest'))
  for (const { file, code } of complete) writeFileSync(join(folder, String(file)), code)
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Processes of their own take long on a machine that is busy. */
const patient = { timeout: 60_000 }
const crash = ['--crash', 'worker-1@3500']

test.each(['job.ts', 'visits.ts'])(
  '%s of README.md runs in the simulator and passes',
  patient,
  (file) => {
    const weir = join(root, 'cli', 'weir.mjs')
    const output = inProject((folder) =>
      run(process.execPath, weir, 'simulate', join(folder, file), ...crash, '--json'),
    )
    expect(JSON.parse(output)).toMatchObject({ verdict: 'passed', lost: 0, duplicated: 0 })
  },
)

test('the operator test of README.md passes', patient, () => {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const report = inProject((folder) => {
    const file = join(folder, 'report.json')
    const options = ['--root', folder, '--reporter=json', `--outputFile.json=${file}`]
    const output = run(process.execPath, vitest, 'run', ...options, 'visits.test.ts')
    return existsSync(file) ? readFileSync(file, 'utf8') : output
  })
  expect(JSON.parse(report)).toMatchObject({ success: true, numPassedTests: 1 })
})

function run(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    return `${stdout}${stderr}`
  }
}
