// The rules that neither the compiler nor the linter can see whole: no effect in the deterministic
// core, who may import which package and which part, the order of the engine's folders, headers, no
// dead comments. The lengths of files and functions are printed as a list to look at; they never fail.

import { posix } from 'node:path'
import { expect, test } from 'vitest'
import { parseSync } from 'vite'
import { at, parse, readSources, resolve, walk } from './source-files.ts'
import type { Import, Source, SyntaxNode } from './source-files.ts'

/**
 * What each part may import: files and folders of the repository (a folder stands for what is below it
 * and belongs to no part of its own), and packages (`name/*` allows its entry points). The parts that
 * are not named by themselves (test) may import everything.
 */
const mayImport: Readonly<
  Record<string, { files: readonly string[]; packages: readonly string[] }>
> = {
  engine: { files: ['engine'], packages: ['msgpackr', 'msgpackr/*'] },
  'engine/node': {
    files: ['engine', 'engine/node'],
    packages: ['kafkajs', 'kafkajs/*', 'node:*', 'rocksdb-native'],
  },
  sim: { files: ['engine', 'sim'], packages: [] },
  'sim/wire': { files: ['engine', 'sim', 'sim/wire'], packages: ['node:*'] },
  'sim/testing': { files: ['engine', 'sim', 'sim/testing'], packages: ['fast-check'] },
  lessons: {
    files: ['engine/index.ts', 'sim', 'lessons'],
    packages: ['weirstream', 'weirstream/sim'],
  },
  visualizer: {
    files: [
      'engine/assert.ts',
      'engine/errors.ts',
      'engine/ids.ts',
      'engine/index.ts',
      'engine/metrics',
      'engine/trace.ts',
      'sim',
      'lessons',
      'visualizer',
    ],
    packages: ['d3'],
  },
  cli: {
    files: 'engine engine/node sim sim/wire sim/testing lessons visualizer cli'.split(' '),
    // rxjs is a peer in the benchmark.
    packages: ['node:*', 'rxjs', 'vite', 'weirstream', 'weirstream/*'],
  },
}

/**
 * The order of the engine's folders: each may import at run time from itself, from the files directly
 * in engine/ and from the folders named here. Types may come from anywhere in the engine.
 */
const engineOrder: Readonly<Record<string, readonly string[]>> = {
  kafka: [],
  checkpoint: [],
  state: [],
  metrics: [],
  time: [],
  exchange: ['state'],
  operator: ['state'],
  window: ['state', 'operator'],
  join: ['state', 'operator'],
  cep: ['state', 'operator'],
  async: ['operator'],
  source: ['kafka', 'time'],
  sink: ['kafka', 'state'],
  changelog: ['kafka', 'state', 'sink', 'job'],
  job: 'kafka state time exchange operator window join cep async source sink'.split(' '),
  task: 'kafka checkpoint state time exchange operator window join cep async source sink job changelog'.split(
    ' ',
  ),
  recovery: 'kafka checkpoint state time exchange operator source sink job task'.split(' '),
  savepoint: ['checkpoint', 'state', 'source', 'sink', 'task'],
}

const effects = new Set(
  (
    'Date performance setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate ' +
    'queueMicrotask requestAnimationFrame Promise console crypto Intl globalThis structuredClone'
  ).split(' '),
)
/** The functions of Math whose result the language defines to the last bit, and the square root. */
const exactMath = new Set(
  'abs ceil clz32 floor fround imul max min round sign sqrt trunc'.split(' '),
)
const localized = /^(localeCompare|toLocale\w+)$/

const sources = readSources()
const core = sources.filter(({ path }) => isCore(path))

test('the core has no clock, timer, randomness, promise, output or machine-dependent result', () => {
  expect(core.flatMap(findEffects)).toEqual([])
})

test.each([
  ['const t = Date.now()', 'Date'],
  ['const f = setTimeout', 'setTimeout'],
  ['const t = { now: performance }', 'performance'],
  ['const x = Math.random()', 'Math.random'],
  ['const { random } = Math', 'Math'],
  ['const x = Math.exp(1)', 'Math.exp'],
  ['const x = Math["log"](1)', 'Math'],
  ['const x = 2 ** 3', '**'],
  ['let x = 2; x **= 3', '**='],
  ['async function f() {}', 'async'],
  ['const f = async () => 1', 'async'],
  ['await f()', 'await'],
  ['for await (const x of y) f(x); export {}', 'await'],
  ['void Promise.resolve()', 'Promise'],
  ['console.log(1)', 'console'],
  ['"a".localeCompare("b")', 'localeCompare'],
  ['(1).toLocaleString()', 'toLocaleString'],
  ['new Intl.Collator()', 'Intl'],
])('the determinism rules catch %s', (text, word) => {
  expect(findEffects(parse('snippet.ts', text))).toEqual([`snippet.ts:1 ${word}`])
})

test.each([
  'const x = Math.floor(1.5)',
  'const o = { Date: 1, console: 2 }; const x = o.Date + o.console',
  'type Reply = (x: number) => Promise<Date>',
  'class A { performance() { return 1 } }',
])('the determinism rules let %s pass', (text) => {
  expect(findEffects(parse('snippet.ts', text))).toEqual([])
})

test('two worlds can run side by side: no module of the core has a variable of its own', () => {
  const found = core.flatMap((source) =>
    (source.program['body'] as SyntaxNode[])
      .map((node) => (node['declaration'] ?? node) as SyntaxNode)
      .filter((node) => node.type === 'VariableDeclaration' && node['kind'] !== 'const')
      .map((node) => at(source, node.start)),
  )
  expect(found).toEqual([])
})

test('every part imports only the packages and the parts that it may know', () => {
  expect(sources.flatMap(findForbiddenImports)).toEqual([])
})

test.each([
  ['engine/a.ts', "import { run } from '../sim/index.ts'"],
  ['engine/a.ts', "import type { X } from './node/x.ts'"],
  ['engine/a.ts', "import fc from 'fast-check'"],
  ['engine/a.ts', "import RocksDB from 'rocksdb-native'"],
  ['engine/node/a.ts', "export * from '../../sim/index.ts'"],
  ['sim/a.ts', "import { defineJob } from 'weirstream'"],
  ['sim/a.ts', "import './testing/index.ts'"],
  ['sim/a.ts', "import { readFileSync } from 'node:fs'"],
  ['sim/testing/a.ts', "import { readFileSync } from 'node:fs'"],
  ['lessons/a.ts', "import { millis } from '../engine/ids.ts'"],
  ['lessons/a.ts', "import { select } from 'd3'"],
  ['visualizer/a.ts', "const task = await import('../engine/task/task.ts')"],
  ['visualizer/a.ts', "type Task = import('../engine/task/task.ts').Task"],
  ['cli/a.ts', "import { expect } from 'vitest'"],
])('the import table catches in %s: %s', (path, text) => {
  expect(findForbiddenImports(parse(path, text))).toHaveLength(1)
})

test('the folders of the engine import in one direction', () => {
  expect(Object.keys(engineOrder).filter((folder) => reaches(folder, folder))).toEqual([])
  expect(sources.flatMap(findAgainstOrder)).toEqual([])
})

test('the command does not reach what draws', () => {
  expect(findReachable('cli/').filter(({ imports }) => imports.some(isDrawing))).toEqual([])
})

test('every file says at its head what it is', () => {
  const bare = sources.filter(({ text }) => !/^(#!.*\n)?\/[/*]/.test(text))
  expect(bare.map(({ path }) => path).filter((path) => !path.startsWith('test/'))).toEqual([])
})

test('no comment holds code or an unfinished mark without an issue number', () => {
  expect(sources.flatMap(findDeadComments)).toEqual([])
})

test.each([
  '// const x = f(1)',
  '/* return early */ f()',
  '// FIX' + 'ME later',
  '// TO' + 'DO: later',
])('the comment rule judges %s', (text) => {
  expect(findDeadComments(parse('snippet.ts', text))).toHaveLength(text.includes('*') ? 0 : 1)
})

test('lengths, to look at: files over 400 lines, functions over 60', () => {
  const lines = sources.flatMap((source) => {
    const length = source.text.split('\n').length - 1
    const functions = source.path.startsWith('test/') ? [] : findLongFunctions(source)
    return [...(length > 400 ? [`${source.path}: ${length} lines`] : []), ...functions]
  })
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
})

function findEffects(source: Source): string[] {
  const found: string[] = []
  walk(source.program, (node, parent, key) => {
    const word = findEffect(node, parent, key)
    if (word !== undefined) found.push(`${at(source, node.start)} ${word}`)
  })
  return found
}

function findEffect(node: SyntaxNode, parent: SyntaxNode | undefined, key: string) {
  if (node['async'] === true) return 'async'
  if (node.type === 'AwaitExpression' || node['await'] === true) return 'await'
  const operator = node['operator']
  if (operator === '**' || operator === '**=') return operator
  if (node.type !== 'Identifier') return undefined
  const name = String(node['name'])
  const isMember = parent?.type === 'MemberExpression'
  if (isMember && key === 'property' && localized.test(name)) return name
  if (isOnlyAName(parent, key)) return undefined
  if (name === 'Math') return findInexactMath(isMember && key === 'object' ? parent : undefined)
  return effects.has(name) ? name : undefined
}

/** Math may only be used function by function, so that a function's name always stands beside it. */
function findInexactMath(member: SyntaxNode | undefined) {
  const property = member?.['property'] as SyntaxNode | undefined
  if (member === undefined || member['computed'] === true) return 'Math'
  const name = String(property?.['name'])
  return exactMath.has(name) || name === name.toUpperCase() ? undefined : `Math.${name}`
}

/** Whether an identifier names a member or a type and so refers to no global value. */
function isOnlyAName(parent: SyntaxNode | undefined, key: string): boolean {
  if (parent === undefined) return false
  const isType = /^TS(TypeReference|QualifiedName|PropertySignature|MethodSignature)$/
  if (isType.test(parent.type)) return true
  return (
    (key === 'property' || key === 'key') && parent['computed'] !== true && !parent['shorthand']
  )
}

function findForbiddenImports(source: Source): string[] {
  const allowed = mayImport[partOf(source.path)]
  if (allowed === undefined) return []
  return source.imports
    .filter(({ specifier }) => {
      const path = resolve(source.path, specifier)
      if (path === undefined) return !allowed.packages.some((name) => isEntryOf(name, specifier))
      return !allowed.files.includes(path) && !allowed.files.some((file) => isPlacedIn(path, file))
    })
    .map(({ specifier }) => `${source.path} imports ${specifier}`)
}

function isEntryOf(name: string, specifier: string): boolean {
  return name.endsWith('*') ? specifier.startsWith(name.slice(0, -1)) : specifier === name
}

function isPlacedIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`) && folder.startsWith(partOf(path))
}

/** The part of the table that a file belongs to: the longest that its path begins with. */
function partOf(path: string): string {
  const parts = Object.keys(mayImport).filter((part) => path.startsWith(`${part}/`))
  return parts.sort((a, b) => b.length - a.length)[0] ?? 'test'
}

function findAgainstOrder(source: Source): string[] {
  const folder = engineFolderOf(source.path)
  if (folder === undefined || source.path === 'engine/index.ts') return []
  const allowed = folder === '' ? [] : engineOrder[folder]
  if (allowed === undefined) return [`engine/${folder} has no place in the order`]
  return source.imports
    .filter(({ specifier, isTypeOnly }) => {
      const target = engineFolderOf(resolve(source.path, specifier) ?? '') ?? ''
      return !isTypeOnly && target !== '' && target !== folder && !allowed.includes(target)
    })
    .map(({ specifier }) => `${source.path} imports ${specifier}`)
}

/** The folder below engine/, the empty string for a file directly there. */
function engineFolderOf(path: string): string | undefined {
  return partOf(path) === 'engine' ? (posix.dirname(path).split('/')[1] ?? '') : undefined
}

function reaches(from: string, to: string): boolean {
  return (engineOrder[from] ?? []).some((next) => next === to || reaches(next, to))
}

function findReachable(prefix: string): Source[] {
  const reached = new Set(sources.filter(({ path }) => path.startsWith(prefix)))
  for (const source of reached) {
    const targets = source.imports.map(({ specifier }) => resolve(source.path, specifier))
    for (const target of sources) if (targets.includes(target.path)) reached.add(target)
  }
  return [...reached]
}

function isDrawing({ specifier, isTypeOnly }: Import): boolean {
  return !isTypeOnly && (/^d3(-|$)/.test(specifier) || specifier.endsWith('.css'))
}

function findDeadComments(source: Source): string[] {
  return source.comments
    .filter(({ type, value }) => {
      if (/\bFIXME\b|\bXXX\b|\bTODO\b(?! ?\(?#\d)/.test(value)) return true
      return type === 'Line' && isStatement(value)
    })
    .map(({ start }) => at(source, start))
}

/** Prose never parses as one of these statements. */
function isStatement(text: string): boolean {
  if (!/^\s*(const|let|var|import|export|return|if|for|while|throw|await)\b.*[=()]/.test(text))
    return false
  const { errors, program } = parseSync('comment.ts', `async function comment() {\n${text}\n}`)
  return errors.length === 0 && program.body.length === 1
}

function findLongFunctions(source: Source): string[] {
  const found: string[] = []
  walk(source.program, (node) => {
    if (!/Function/.test(node.type) || node['body'] === null) return
    const length = source.text.slice(node.start, node.end).split('\n').length
    if (length > 60) found.push(`${at(source, node.start)}: a function of ${length} lines`)
  })
  return found
}

function isCore(path: string): boolean {
  return ['engine', 'sim', 'sim/testing'].includes(partOf(path))
}
