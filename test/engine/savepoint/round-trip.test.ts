/** Export and import: what was exported is imported as the same state, and everything else is refused by line. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CheckpointMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import { decodeMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import {
  encodeSnapshotObject,
  sealSegment,
  snapshotChecksum,
} from '../../../engine/checkpoint/snapshot-format.ts'
import { concatenate } from '../../../engine/concatenate.ts'
import { attemptId, checkpointId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { hashKey, number } from '../../../engine/serializer.ts'
import { importStates } from '../../../engine/savepoint/import-states.ts'
import { parseLine } from '../../../engine/savepoint/parse-line.ts'
import { exportLines } from '../../../engine/savepoint/state-lines.ts'
import type { JsonLine, Selection } from '../../../engine/savepoint/state-lines.ts'
import { objectsToRead, readVertices } from '../../../engine/savepoint/stored-state.ts'
import { decodeKeyGroup } from '../../../engine/state/decode-key-group.ts'
import { listState, mapState, valueState } from '../../../engine/state/descriptors.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import { encodeKeyGroup } from '../../../engine/state/key-group-segment.ts'
import { reversed, storedCheckpoints } from '../../properties/stored-checkpoints.ts'
import { seeded } from '../../seeded.ts'
import { handleOf, keyedIn } from '../snapshot-handles.ts'

interface Stored {
  readonly metadata: CheckpointMetadata
  readonly objects: ReadonlyMap<string, Uint8Array>
}

const EVERYTHING: Selection = { states: [], operators: [] }
const MAX_PARALLELISM = 16

const stored = storedCheckpoints(2)

function storedCheckpoint(location: string): Stored {
  const metadata = decodeMetadata(stored.get(location) ?? new Uint8Array(), location)
  if (typeof metadata === 'string') throw new Error(metadata)
  return { metadata, objects: stored }
}

function exported({ metadata, objects }: Stored, selection = EVERYTHING): string[] {
  const lines = exportLines(metadata, readVertices(metadata, objects), selection)
  return Array.from(lines, (line) => JSON.stringify(line))
}

function imported(
  { metadata, objects }: Stored,
  lines: readonly string[],
  options: { states?: string[]; operators?: string[]; maxParallelism?: number } = {},
) {
  const { states = [], operators = [], maxParallelism } = options
  const parsed = lines.map((line, i) => parseLine(line, i + 1))
  const written = importStates(metadata, readVertices(metadata, objects), parsed, {
    selection: { states, operators },
    folder: 'new',
    maxParallelism,
  })
  const pieces = [...written.objects].map(([key, each]) => [key, concatenate(each)] as const)
  return { metadata: written.metadata, objects: new Map(pieces), replaced: written.replaced }
}

/** The states of all key groups as the oracle sees them, and everything that travels inline. */
function contentsOf({ metadata, objects }: Stored): unknown {
  return {
    keyed: readVertices(metadata, objects).map(({ vertex, subtasks }) => ({
      vertex,
      keyGroups: subtasks.map(({ keyGroups }) =>
        keyGroups?.map((content) => [
          content.keyGroup,
          decodeKeyGroup(concatenate(encodeKeyGroup(content))),
        ]),
      ),
    })),
    // The order of subtasks is not part of it.
    operators: Object.fromEntries(
      metadata.handles.map(({ subtask, operators }) => [subtask, operators]),
    ),
    coordinators: metadata.coordinators,
  }
}

const LOCATIONS = [...stored.keys()].filter((key) => key.endsWith('_metadata')).sort()

test.each(LOCATIONS)('%s exported and imported is the same state in the same bytes', (location) => {
  const base = storedCheckpoint(location)
  const lines = exported(base)
  expect(lines.length).toBeGreaterThan(150)
  const again = imported(base, lines)
  expect(contentsOf(again)).toEqual(contentsOf(base))
  expect(exported(again)).toEqual(lines)
  expect(again.metadata).toMatchObject({ kind: 'savepoint', checkpoint: base.metadata.checkpoint })
  expect(again.replaced).toContain('keeper/fading-list')
  expect(again.replaced).toContain('keeper/event-time timers')
})

test('every state by itself can be taken out of one checkpoint and put into another', () => {
  const [from, to] = [storedCheckpoint('chk-2/_metadata'), storedCheckpoint('chk-1/_metadata')]
  const names = new Set(exported(from).map((line) => (JSON.parse(line) as JsonLine)['state']))
  expect(names.size).toBeGreaterThan(20)
  for (const name of names) {
    const states = [JSON.stringify(name).slice(1, -1)]
    const lines = exported(from, { states, operators: [] })
    const mixed = imported(to, lines)
    expect(exported(mixed, { states, operators: [] })).toEqual(lines)
    const others = (all: Stored): string[] =>
      exported(all).filter((line) => (JSON.parse(line) as JsonLine)['state'] !== name)
    expect(others(mixed)).toEqual(others(to))
  }
})

const anyKey = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constant(null),
  fc.record({ id: fc.integer(), name: fc.string() }),
)
const someValue = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  maxDepth: 2,
})
type Entry = typeof anyEntry extends fc.Arbitrary<infer T> ? T : never

const anyEntry = fc.record({
  key: anyKey,
  namespace: fc.constantFrom(0, 50, -1, 1.5),
  value: someValue,
  figure: fc.double(),
  text: fc.string(),
  items: fc.array(someValue, { maxLength: 3 }),
  pairs: fc.array(fc.tuple(someValue, someValue), { maxLength: 3 }),
  at: fc.nat(),
  timers: fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 2 })), { maxLength: 3 }),
})

test('for all states of all kinds, keys and values, import(export(x)) = x', () => {
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 8 }), (entries) => {
      const base = checkpointOf(entries)
      const options = { maxParallelism: MAX_PARALLELISM }
      expect(contentsOf(imported(base, exported(base), options))).toEqual(contentsOf(base))
      const empty = checkpointOf([])
      const filled = imported(empty, exported(base), options)
      expect(exported(filled)).toEqual(exported(base))
    }),
    seeded(100),
  )
})

/** A checkpoint of one subtask that was given the entries. */
function checkpointOf(entries: readonly Entry[]): Stored {
  let now = 0
  const backend = new HeapStateBackend({
    maxParallelism: MAX_PARALLELISM,
    range: { first: 0, last: MAX_PARALLELISM - 1 },
    processingTime: () => now,
  })
  const ttl = { timeToLiveMs: 1_000_000_000_000 }
  for (const { key, namespace, value, figure, text, items, pairs, at, timers } of entries) {
    now = at
    backend.setCurrentKey(key, hashKey(key))
    backend.setCurrentNamespace(namespace)
    backend.valueState({ ...valueState('value'), namespaced: true }).update(value)
    backend.numberState({ type: 'number', name: 'number' }).add(figure)
    backend.valueState(valueState('fading', number, { ttl })).update(figure)
    backend.valueState(valueState('fading-any', undefined, { ttl })).update(value)
    backend.valueState(valueState('own', reversed)).update(text)
    backend.listState(listState('list', undefined, { ttl })).addAll(items)
    backend.listState(listState('own-list', reversed)).add(text)
    backend.mapState(mapState('map', {}, { ttl })).putAll(pairs)
    for (const [time, start] of timers) backend.timerQueue('event').add(time, start, start + 1)
    for (const [time] of timers) backend.timerQueue('processing').add(time, 0, 0)
  }
  const pieces = encodeSnapshotObject(Array.from(backend.snapshot().keyGroups(), sealSegment))
  const object = { key: 'old/state', sizeBytes: 1, checksum: snapshotChecksum(pieces) }
  const subtask = subtaskId(vertexId('vertex'), 0)
  const handle = {
    ...handleOf({ subtask, attempt: attemptId(1) }, null),
    keyed: keyedIn(object),
  }
  return {
    metadata: {
      checkpoint: checkpointId(3),
      kind: 'checkpoint',
      triggeredAt: 0,
      handles: [handle],
      coordinators: [],
      vertices: [],
    },
    objects: new Map([['old/state', concatenate(pieces)]]),
  }
}

describe('an import', () => {
  const base = storedCheckpoint('chk-1/_metadata')
  const position = { operator: 'source', state: 'splits', kind: 'operator', value: 1 }
  const keyed = { operator: 'keeper', state: 'count', kind: 'value', serializer: 'binary' }

  test('places new keys by their hash, in the key group and subtask of the job', () => {
    const line = { ...keyed, key: 'a new key', value: 77 }
    const again = imported(base, [JSON.stringify(line)])
    const [found, ...rest] = exported(again, { states: ['count'], operators: [] })
    expect(rest).toEqual([])
    const keyGroup = (hashKey('a new key') & 0x7fffffff) % MAX_PARALLELISM
    expect(JSON.parse(found ?? '')).toEqual({ ...line, keyGroup })
    const holder = readVertices(again.metadata, again.objects)
      .find(({ vertex }) => vertex === 'keeper')
      ?.subtasks.find(({ keyGroups }) => keyGroups?.some((group) => group.keyGroup === keyGroup))
    expect(holder?.index).toBe(Math.floor((keyGroup * 2) / MAX_PARALLELISM))
  })

  test('empties named states that no line has, and reads no others', () => {
    const lines = exported(base)
    const again = imported(base, lines, { states: ['count', 'list'] })
    expect(contentsOf(again)).toEqual(contentsOf(base))
    expect(again.replaced).toEqual(['keeper/count', 'keeper/list'])
    const emptied = imported(base, [], { states: ['count'] })
    expect(exported(emptied, { states: ['count'], operators: [] })).toEqual([])
    expect(exported(emptied)).toEqual(lines.filter((line) => !line.includes('"state":"count"')))
  })

  test('of nothing changes nothing', () => {
    const again = imported(base, [])
    expect(exported(again)).toEqual(exported(base))
    expect(again.replaced).toEqual([])
  })

  test('changes operator state and positions', () => {
    const lines = exported(base, { states: ['splits'], operators: [] })
    const moved = lines.map((line) => line.replace(/"offset":\d+/, '"offset":5'))
    expect(exported(imported(base, moved), { states: ['splits'], operators: [] })).toEqual(moved)
    expect(moved.join('\n')).toContain('"offset":5')
  })

  const group = (hashKey('a') & 0x7fffffff) % MAX_PARALLELISM
  test.each<[string, object | string, string]>([
    ['no JSON', '{', 'Line 1: it is no JSON.'],
    ['no object', '[1]', 'Line 1: it is no JSON object.'],
    ['no operator', { state: 'count' }, 'Line 1: it needs "operator", a text.'],
    [
      'an unknown kind',
      { ...keyed, kind: 'heap' },
      'Line 1: "kind" is "heap"; it must be one of value, list, map.',
    ],
    ['no key', { ...keyed, value: 1 }, 'Line 1: it needs "key".'],
    [
      'an undefined key',
      { ...keyed, key: { $undefined: true }, value: 1 },
      'Line 1: A key must not be undefined',
    ],
    ['no value', { ...keyed, key: 'a' }, 'Line 1: it needs "value".'],
    ['a malformed value', { ...keyed, key: 'a', value: { $map: 1 } }, 'Line 1: 1 is no list.'],
    [
      'bytes of nobody',
      { ...keyed, key: 'a', value: { $raw: 'AA==' } },
      'Line 1: "binary" has no use for {"$raw": …}.',
    ],
    [
      'no bytes',
      { ...keyed, state: 'secret', serializer: 'reversed', key: 'a', value: 'x' },
      `Line 1: "reversed" is the job's own serializer: give its bytes as {"$raw": …}.`,
    ],
    [
      'a text that is none',
      { ...keyed, state: 'word', serializer: 'text', key: 'a', value: 1 },
      'Line 1: it is no text.',
    ],
    [
      'a number that is none',
      { ...keyed, state: 'figure', serializer: 'number', key: 'a', value: '1' },
      'Line 1: it is no number.',
    ],
    [
      'another serializer',
      { ...keyed, serializer: 'text', key: 'a', value: 'x' },
      'Line 1: the state "count" is a value state (text) without namespaces and without last uses here, but a value ' +
        'state (binary) without namespaces and without last uses in the checkpoint or an earlier line.',
    ],
    [
      'a last use that the state has not',
      { ...keyed, key: 'a', value: 1, at: 5 },
      'Line 1: the state "count" is a value state (binary) without namespaces and with last uses here',
    ],
    [
      'the wrong key group',
      { ...keyed, key: 'a', value: 1, keyGroup: (group + 1) % MAX_PARALLELISM },
      `Line 1: its key belongs to key group ${group}, not to ${(group + 1) % MAX_PARALLELISM}.`,
    ],
    [
      'an unknown operator',
      { ...keyed, operator: 'nobody', key: 'a', value: 1 },
      'Line 1: the checkpoint has no operator "nobody" with such state; it has keeper, windows.',
    ],
    [
      'an empty list',
      { ...keyed, kind: 'list', state: 'list', key: 'a', value: [] },
      'Line 1: the value of a list state is a list that is not empty.',
    ],
    [
      'a map without pairs',
      { ...keyed, kind: 'map', keySerializer: 'binary', state: 'map', key: 'a', value: [1] },
      'Line 1: the value of a map state is a list of pairs [key, value].',
    ],
    [
      'a map with a key twice',
      {
        ...keyed,
        kind: 'map',
        keySerializer: 'binary',
        state: 'map',
        key: 'a',
        value: [
          [1, 2],
          [1, 3],
        ],
      },
      'Line 1: a key of the map is there twice.',
    ],
    [
      'too few last uses',
      { ...keyed, kind: 'list', state: 'fading-list', key: 'a', value: ['x', 'y'], at: [1] },
      'Line 1: "at" is a list of numbers, one for each item of the value.',
    ],
    [
      'timers of nothing',
      { ...keyed, kind: 'timer', key: 'a', time: 1 },
      'Line 1: timers belong to "event-time timers" or "processing-time timers", not to "count".',
    ],
    [
      'a subtask that there is not',
      {
        ...position,
        redistribution: 'split',
        subtask: 9,
      },
      'Line 1: the operator "source" has no subtask 9.',
    ],
    [
      'another redistribution',
      {
        ...position,
        redistribution: 'union',
        subtask: 0,
      },
      'Line 1: the state "splits" is union here, but split in the checkpoint.',
    ],
  ])('refuses %s', (_, line, sentence) => {
    const text = typeof line === 'string' ? line : JSON.stringify(line)
    expect(() => imported(base, [text])).toThrow(sentence)
  })

  test('refuses the same key twice', () => {
    const line = JSON.stringify({ ...keyed, key: 'a', value: 1 })
    expect(() => imported(base, [line, line])).toThrow(
      'Line 2: the same key is there twice in one state.',
    )
  })

  test('asks for the maximum parallelism when it does not follow, and refuses a wrong one', () => {
    const empty = checkpointOf([])
    const line = JSON.stringify({ ...keyed, operator: 'vertex', key: 'a', value: 1 })
    expect(() => imported(empty, [line])).toThrow(
      'What vertex stored is too little to tell its maximum parallelism: say it with --max-parallelism N',
    )
    expect(exported(imported(empty, [line], { maxParallelism: 128 }))).toHaveLength(1)
    const onKeeper = JSON.stringify({ ...keyed, key: 'a', value: 1 })
    expect(() => imported(base, [onKeeper], { maxParallelism: 128 })).toThrow(
      'The key groups of keeper do not fit a maximum parallelism of 128; with 16 they do.',
    )
  })

  test('refuses a base that only its backend reads, or with records in flight', () => {
    const [first, ...rest] = base.metadata.handles
    if (first === undefined) throw new Error('There is no handle.')
    const logged = { ...first, keyed: { ...keyedIn('x'), format: 'changelog' as const } }
    const flying = { ...first, channels: { key: 'x', sizeBytes: 1, checksum: 1 } }
    const withHandle = (handle: typeof first): Stored => ({
      ...base,
      metadata: { ...base.metadata, handles: [handle, ...rest] },
    })
    expect(() => imported(withHandle(logged), [])).toThrow(
      'is stored as changelog, which only its backend reads',
    )
    expect(() => exported(withHandle(logged))).toThrow(
      'is stored as changelog, which only its backend reads',
    )
    expect(() => imported(withHandle(flying), [])).toThrow('has records that were on their way to')
  })
})

test('what an export needs is in the objects that it asks for', () => {
  const { metadata } = storedCheckpoint('chk-1/_metadata')
  const objects = new Map(
    objectsToRead(metadata).map(({ key }) => [key, stored.get(key) ?? new Uint8Array()]),
  )
  expect(exported({ metadata, objects })).toEqual(exported(storedCheckpoint('chk-1/_metadata')))
  expect(objects.size).toBe(4)
})
