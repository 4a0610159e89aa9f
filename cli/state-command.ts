/**
 * `weir state PATH`: what a checkpoint or savepoint holds, the entries of a key, its contents as JSON lines, and a new
 * savepoint out of them (Flink State Processor API).
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ConfigurationError } from '../engine/errors.ts'
import { describeCheckpoint } from '../engine/savepoint/describe-checkpoint.ts'
import { importStates } from '../engine/savepoint/import-states.ts'
import { parseLine } from '../engine/savepoint/parse-line.ts'
import type { StateLine } from '../engine/savepoint/parse-line.ts'
import { exportLines } from '../engine/savepoint/state-lines.ts'
import type { JsonLine, Selection } from '../engine/savepoint/state-lines.ts'
import { fromTagged } from '../engine/savepoint/tagged-json.ts'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { Command } from './command.ts'
import { errorCode } from './input-file.ts'
import { printDescription, printEntries } from './state-report.ts'
import { NewSavepoint, readCheckpoint } from './stored-checkpoint.ts'
import { notice, plural, print, printJson } from './terminal.ts'

const ACTIONS = ['export', 'import'] as const
type Action = (typeof ACTIONS)[number] | 'show'

export const stateCommand: Command = {
  name: 'state',
  summary: 'what a checkpoint or savepoint holds, a key of it, or all as JSON lines and back',
  positionals: [
    {
      name: '[export|import] PATH',
      isMany: true,
      help: 'directory of a checkpoint or savepoint (with its _metadata), or its webhdfs address',
    },
  ],
  options: {
    key: { type: 'string', value: 'KEY', help: 'print the entries of this key: a text, or JSON' },
    state: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'only states of this name; an import empties those that no line has',
    },
    operator: {
      type: 'string',
      multiple: true,
      value: 'UID',
      help: 'only states of this operator',
    },
    output: { type: 'string', value: 'FILE', help: 'export: write the lines there' },
    input: { type: 'string', value: 'FILE', help: 'import: read the lines there' },
    to: { type: 'string', value: 'PATH', help: 'import: where the new savepoint is written' },
    'max-parallelism': {
      type: 'string',
      value: 'N',
      help: 'import: that of the job, if it does not follow from the keys',
    },
  },
  examples: [
    'weir state checkpoints/chk-7',
    'weir state checkpoints/chk-7 --key 10.0.0.1',
    'weir state export checkpoints/chk-7 --state sum --output sums.jsonl',
    'weir state import checkpoints/chk-7 --input sums.jsonl --to checkpoints/corrected',
  ],
  run: runState,
}

async function runState(args: Arguments): Promise<number> {
  const [action, path] = actionOf(args.positionals)
  checkOptions(action, args)
  const selection = { states: args.texts('state'), operators: args.texts('operator') }
  if (action === 'export') return await runExport(path, selection, args)
  if (action === 'import') return await runImport(path, selection, args)
  const key = args.text('key')
  if (key !== undefined) return await showKey(path, { ...selection, keys: keysOf(key) }, args)
  const { metadata, vertices } = await readCheckpoint(path)
  const description = describeCheckpoint(metadata, vertices)
  if (args.flag('json')) printJson({ path, ...description })
  else printDescription(path, description)
  return 0
}

async function showKey(path: string, selection: Selection, args: Arguments): Promise<number> {
  const { metadata, vertices } = await readCheckpoint(path)
  const key = args.text('key') ?? ''
  const lines = [...exportLines(metadata, vertices, selection)]
  if (args.flag('json')) printJson({ path, key, entries: lines })
  else if (lines.length > 0) printEntries(key, lines)
  if (lines.length > 0) return 0
  notice(`${path} has nothing under the key ${key} in the states that were asked for.`)
  return 1
}

async function runExport(path: string, selection: Selection, args: Arguments): Promise<number> {
  const { metadata, vertices } = await readCheckpoint(path)
  const lines = exportLines(metadata, vertices, selection)
  const output = args.text('output')
  if (output === undefined) {
    if (args.flag('json')) printJson([...lines])
    else await pipeline(Readable.from(chunksOf(lines)), process.stdout, { end: false })
    return 0
  }
  let written = 0
  const counted = function* (): Iterable<JsonLine> {
    for (const line of lines) {
      written += 1
      yield line
    }
  }
  try {
    await pipeline(Readable.from(chunksOf(counted())), createWriteStream(output))
  } catch (error) {
    throw fileError(output, 'written', error)
  }
  if (args.flag('json')) printJson({ path, output, lines: written })
  else print(`${plural(written, 'line')} in ${output}`)
  return 0
}

async function runImport(path: string, selection: Selection, args: Arguments): Promise<number> {
  const [input, to] = [args.text('input'), args.text('to')]
  if (input === undefined || to === undefined) {
    throw usage('weir state import PATH needs --input FILE and --to PATH.')
  }
  const maxParallelism = args.integer('max-parallelism', 1, 32_768)
  const lines = await readLines(input)
  const { metadata, vertices } = await readCheckpoint(path)
  const savepoint = await NewSavepoint.at(to)
  const { folder } = savepoint
  const imported = importStates(metadata, vertices, lines, { selection, folder, maxParallelism })
  await savepoint.write(imported)
  const { replaced } = imported
  if (args.flag('json')) printJson({ path, savepoint: to, lines: lines.length, replaced })
  else
    print(
      `${to} is ${path} with ${plural(replaced.length, 'state')} replaced: ${replaced.join(', ')}`,
    )
  return 0
}

function actionOf(given: readonly string[]): readonly [Action, string] {
  const action = ACTIONS.find((each) => each === given[0])
  const [path, surplus] = action === undefined ? given : given.slice(1)
  if (path === undefined) throw usage(`state ${action ?? ''} needs the PATH of a checkpoint.`)
  if (surplus === undefined) return [action ?? 'show', path]
  throw usage(`"${surplus}" is too much: write weir state [export|import] PATH.`)
}

/** An option that would have no effect is a mistake. */
function checkOptions(action: Action, args: Arguments): void {
  const own: Readonly<Record<Action, readonly string[]>> = {
    show: ['key'],
    export: ['output'],
    import: ['input', 'to', 'max-parallelism'],
  }
  for (const [other, options] of Object.entries(own)) {
    const given = options.find((option) => other !== action && args.text(option) !== undefined)
    if (given === undefined) continue
    const where = other === 'show' ? 'weir state PATH' : `weir state ${other} PATH`
    throw usage(`--${given} belongs to ${where}, not to ${action === 'show' ? 'showing' : action}.`)
  }
  const hasSelection = args.texts('state').length + args.texts('operator').length > 0
  if (action === 'show' && hasSelection && args.text('key') === undefined) {
    throw usage('--state and --operator need --key KEY, or weir state export PATH.')
  }
}

/** A key as it is written, and, if that is JSON, what it says: `1` may be a text or a number. */
function keysOf(written: string): readonly unknown[] {
  try {
    const key = fromTagged(JSON.parse(written))
    return typeof key === 'string' || key === undefined ? [written, key ?? ''] : [written, key]
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ConfigurationError) return [written]
    throw error
  }
}

const LINES_PER_CHUNK = 500

function* chunksOf(lines: Iterable<JsonLine>): Iterable<string> {
  let chunk = ''
  let count = 0
  for (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`
    count += 1
    if (count % LINES_PER_CHUNK !== 0) continue
    yield chunk
    chunk = ''
  }
  yield chunk
}

async function readLines(path: string): Promise<StateLine[]> {
  const lines: StateLine[] = []
  let number = 0
  try {
    const input = createReadStream(path)
    // Errors of the stream do not reach the iterator of lines by themselves.
    const failed = new Promise<never>((_, reject) => input.on('error', reject))
    failed.catch(() => undefined)
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      number += 1
      if (text.trim() !== '') lines.push(parseLine(text, number))
    }
    if (input.errored !== null) await failed
  } catch (error) {
    if (error instanceof ConfigurationError) throw usage(`${path}: ${error.message}`)
    throw fileError(path, 'read', error)
  }
  return lines
}

function fileError(path: string, what: string, error: unknown): unknown {
  const code = errorCode(error)
  if (code === undefined) return error
  return usage(`${path} cannot be ${what} (${code}); give the path of another file.`)
}
