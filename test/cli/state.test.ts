/** `weir state`: what a stored checkpoint holds, its states as JSON lines and back, and one sentence for all that is wrong. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArguments } from '../../cli/arguments.ts'
import { stateCommand } from '../../cli/state-command.ts'
import { ConfigurationError } from '../../engine/errors.ts'
import { FakeHdfs } from '../hdfs/fake-hdfs.ts'
import { storedCheckpoints } from '../properties/stored-checkpoints.ts'
import { jsonOf, TestFolder, weir } from './weir.ts'

const folder = new TestFolder()
const checkpoints = folder.path('checkpoints')
const stored = storedCheckpoints(2)
const hdfs = await FakeHdfs.start()

beforeAll(() => {
  for (const [key, bytes] of stored) {
    const path = join(checkpoints, key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, bytes)
  }
})
afterAll(async () => {
  folder.remove()
  await hdfs.stop()
})

const chk = (id: number): string => join(checkpoints, `chk-${id}`)

/** A copy of the first checkpoint in a folder of its own, to be damaged. */
function copyOf(name: string): string {
  const copy = join(folder.path(name), 'chk-1')
  cpSync(chk(1), copy, { recursive: true })
  return copy
}

function linesOf(out: string): Record<string, unknown>[] {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe.concurrent('weir state PATH', () => {
  test('shows states, timers, operator state, positions and pre-committed transactions', async () => {
    const { code, out, err } = await weir(['state', chk(1)])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(
      /chk-1 {2}· {2}checkpoint 1 {2}· {2}triggered at \d+ ms {2}· {2}\d+ kB in 4 objects/,
    )
    expect(out).toMatch(/\n {2}count +value +binary +13 +13 +\d[\d,]* +\d+ in \d+–\d+\n/)
    expect(out).toMatch(/\n {2}fading-list +list \(ttl\) +binary /)
    expect(out).toMatch(/\n {2}secrets +map +reversed to reversed /)
    expect(out).toMatch(/\n {2}windows\.window +value \(windows\) +binary /)
    expect(out).toMatch(/\n {2}event-time timers +from 10000\d\d /)
    expect(out).toMatch(/\n {2}list:everywhere +census +union +6 /)
    expect(out).toMatch(/source {2}in-1 at offset \d+\n/)
    expect(out).toMatch(
      /pre-committed {2}sink {2}everything-sink-\d-\d {2}producer \d+, epoch 0, of checkpoint 1/,
    )
  })

  test('says the same as one JSON document', async () => {
    const finished = await weir(['state', chk(1), '--json'])
    expect(finished.code).toBe(0)
    expect(jsonOf(finished)).toMatchObject({
      path: chk(1),
      checkpoint: 1,
      kind: 'checkpoint',
      vertices: [
        { vertex: 'keeper', subtasks: 2, formats: ['key-groups'] },
        { vertex: 'source' },
        { vertex: 'windows' },
      ],
      transactions: [{ operator: 'sink' }, { operator: 'sink' }],
      positions: [{ split: { topic: 'in' } }, { split: { topic: 'in' } }],
    })
  })

  test('has colors only where they are wanted', async () => {
    const colored = await weir(['state', chk(1)], { FORCE_COLOR: '1' })
    const plain = await weir(['state', chk(1)], { NO_COLOR: '1' })
    expect(colored.out).toContain('\u001b[')
    expect(plain.out).not.toContain('\u001b[')
  })

  test('takes the metadata, a trailing slash, and an address as well', async () => {
    const whole = await weir(['state', chk(1), '--json'])
    for (const path of [`${chk(1)}/`, `${chk(1)}/_metadata`, `file://${chk(1)}`]) {
      const { code, out } = await weir(['state', path, '--json'])
      expect(code).toBe(0)
      expect(JSON.parse(out)).toEqual({ ...jsonOf(whole), path })
    }
  })

  test('finds what a key has: as a text, as a number, in one state', async () => {
    const both = await weir(['state', chk(1), '--key', '1', '--state', 'count', '--json'])
    expect(jsonOf(both)['entries']).toMatchObject([
      { key: '1', state: 'count' },
      { key: 1, state: 'count' },
    ])
    const object = await weir(['state', chk(1), '--key', '{"id":1,"name":"x"}', '--state', 'word'])
    expect(object.out).toMatch(/\n {2}keeper {2}word {2}\{"id":1,"name":"x"\} +"word \d+"\n/)
    const windows = await weir(['state', chk(1), '--key', '1', '--operator', 'windows'])
    expect(windows.out).toMatch(/windows\.window +1 +namespace 0 +\{"line":"\d+"\}/)
    const nothing = await weir(['state', chk(1), '--key', 'nobody'])
    expect(nothing).toMatchObject({ code: 1, out: '' })
    expect(nothing.err).toMatch(/has nothing under the key nobody/)
  })
})

describe('export and import', () => {
  test('give the same state back, in a new savepoint', async () => {
    const lines = folder.path('all.jsonl')
    const to = join(checkpoints, 'again')
    const written = await weir(['state', 'export', chk(2), '--output', lines])
    expect(written.out).toMatch(/^\d+ lines in .*all\.jsonl\n$/)
    const done = await weir(['state', 'import', chk(2), '--input', lines, '--to', to, '--json'])
    expect(done).toMatchObject({ code: 0, err: '' })
    expect(jsonOf(done)).toMatchObject({ savepoint: to })
    expect(readdirSync(to).sort()).toEqual([
      '_metadata',
      'keeper-0',
      'keeper-1',
      'windows-0',
      'windows-1',
    ])
    const again = await weir(['state', 'export', to])
    expect(again.out).toBe(readFileSync(lines, 'utf8'))
    const taken = await weir(['state', 'import', chk(2), '--input', lines, '--to', to])
    expect(taken).toMatchObject({ code: 2, out: '' })
    expect(taken.err).toMatch(/again is there already; give --to a place where nothing is\.\n$/)
    renameSync(to, `${to}-moved`)
    const moved = await weir(['state', 'export', `${to}-moved`])
    expect(moved.out).toBe(again.out)
  })

  test('replace what was changed, and nothing else', async () => {
    const { out } = await weir(['state', 'export', chk(1), '--state', 'count'])
    const changed = linesOf(out).map((line) => ({ ...line, value: 1000 }))
    expect(changed.length).toBe(13)
    const lines = folder.write(
      'counts.jsonl',
      changed.map((line) => JSON.stringify(line)).join('\n'),
    )
    const to = join(checkpoints, 'corrected')
    const done = await weir(['state', 'import', chk(1), '--input', lines, '--to', to])
    expect(done.out).toMatch(/corrected is .*chk-1 with 1 state replaced: keeper\/count\n$/)
    const [before, after] = await Promise.all(
      [chk(1), to].map(async (path) => linesOf((await weir(['state', 'export', path])).out)),
    )
    expect(after).toEqual(
      before?.map((line) => (line['state'] === 'count' ? { ...line, value: 1000 } : line)),
    )
  })

  test('work over WebHDFS', async () => {
    const at = (name: string): string => `${hdfs.uri}/snapshots/${name}?user.name=weir`
    for (const [key, bytes] of stored) hdfs.tree.set(`/snapshots/${key}`, bytes)
    for (const path of ['/snapshots', '/snapshots/chk-1', '/snapshots/chk-2']) {
      hdfs.tree.set(path, null)
    }
    const lines = folder.path('hdfs.jsonl')
    expect((await weir(['state', 'export', at('chk-1'), '--output', lines])).code).toBe(0)
    const done = await weir(['state', 'import', at('chk-1'), '--input', lines, '--to', at('new')])
    expect(done).toMatchObject({ code: 0, err: '' })
    expect((await weir(['state', 'export', at('new')])).out).toBe(readFileSync(lines, 'utf8'))
    expect(hdfs.tree.has('/snapshots/new/_metadata')).toBe(true)
  })
})

test('what is wrong is one sentence on standard error and exit code 2', async () => {
  const { code, out, err } = await weir(['state', join(checkpoints, 'chk-77'), '--json'])
  expect({ code, out }).toEqual({ code: 2, out: '' })
  expect(err).toMatch(/^weir: [^\n]*chk-77 is no checkpoint: [^\n]+\.\n$/)
})

describe('is refused with one sentence:', () => {
  test.each<[string, () => readonly string[], RegExp]>([
    [
      'a directory that is not there',
      () => [join(checkpoints, 'no', 'chk-1')],
      /there is no such file/,
    ],
    [
      'no checkpoint',
      () => [join(checkpoints, 'chk-77')],
      /chk-77 is no checkpoint: its metadata cannot be read/,
    ],
    [
      'the directory of all checkpoints',
      () => [checkpoints],
      /checkpoints holds the checkpoints .*chk-1, chk-2.*: give the path of one of them/,
    ],
    ['no place at all', () => ['/'], /does not name a checkpoint/],
    ['memory', () => ['memory:/chk-1'], /is no checkpoint|is no place for snapshots/],
    [
      'an unknown address',
      () => ['s3://bucket/chk-1'],
      /"s3:\/\/bucket" is no place for snapshots/,
    ],
    ['a second path', () => ['a', 'b'], /"b" is too much/],
    [
      'an option of another action',
      () => ['x', '--output', 'y'],
      /--output belongs to weir state export PATH/,
    ],
    ['a state without a key', () => ['x', '--state', 'y'], /--state and --operator need --key KEY/],
    ['an import of nothing', () => ['import', 'x'], /needs --input FILE and --to PATH/],
    [
      'an input that is not there',
      () => ['import', chk(1), '--input', folder.path('none'), '--to', folder.path('new')],
      /none cannot be read \(ENOENT\)/,
    ],
    [
      'a line that is none',
      () => [
        'import',
        chk(1),
        '--input',
        folder.write('bad', '\n{}\n'),
        '--to',
        folder.path('new'),
      ],
      /bad: Line 2: it needs "operator", a text/,
    ],
    [
      'an output that cannot be',
      () => ['export', chk(1), '--output', join(folder.path('nowhere'), 'x')],
      /cannot be written \(ENOENT\)/,
    ],
    [
      'a damaged object',
      () => {
        const copy = copyOf('damaged')
        truncateSync(join(copy, objectIn(copy)), 700)
        return [copy]
      },
      /The object chk-1\/keeper-0-\d is corrupt: it ends in the middle of/,
    ],
    [
      'a missing object',
      () => {
        const copy = copyOf('missing')
        rmSync(join(copy, objectIn(copy)))
        return [copy]
      },
      /The object chk-1\/keeper-0-\d cannot be read: there is no such object/,
    ],
    [
      'a directory in the place of an object',
      () => {
        const copy = copyOf('replaced')
        const object = join(copy, objectIn(copy))
        rmSync(object)
        mkdirSync(join(object, 'x'), { recursive: true })
        return [copy]
      },
      /cannot be read: .* a directory stands there \(EISDIR\)/,
    ],
    [
      'damaged metadata',
      () => {
        const copy = copyOf('metadata')
        appendFileSync(join(copy, '_metadata'), 'x')
        return [copy]
      },
      /The metadata of .*chk-1 is corrupt: its checksum is wrong/,
    ],
    [
      'the metadata of another checkpoint',
      () => {
        const copy = copyOf('swapped')
        cpSync(join(chk(2), '_metadata'), join(copy, '_metadata'))
        return [copy]
      },
      /chk-1 was stored as chk-2 and has been moved or renamed/,
    ],
  ])('%s', async (_, argumentsOf, sentence) => {
    // In this process: a new one for each would take long.
    const running = Promise.resolve()
      .then(() => readArguments(stateCommand, argumentsOf()))
      .then((args) => stateCommand.run(args))
    await expect(running).rejects.toThrow(ConfigurationError)
    await expect(running).rejects.toThrow(sentence)
    await expect(running).rejects.toThrow(/^[^\n]+\.$/)
  })
})

function objectIn(path: string): string {
  const name = readdirSync(path).find((each) => each.startsWith('keeper-0'))
  if (name === undefined) throw new Error(`There is no object in ${path}.`)
  return name
}
