/**
 * The heap backend with 2^20 sums: how long the synchronous part of a snapshot takes, and how long a restore from a local
 * directory. Peers in the same run: what a Map takes with the serializers of the platform.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import {
  decodeSnapshotObject,
  encodeSnapshotObject,
  sealSegment,
  type SealedSegment,
} from '../../engine/checkpoint/snapshot-format.ts'
import { openDirectory } from '../../engine/node/directory-storage.ts'
import { hashKey } from '../../engine/serializer.ts'
import { numberState } from '../../engine/state/descriptors.ts'
import { HeapStateBackend } from '../../engine/state/heap-state-backend.ts'
import type { KeyGroupSegment } from '../../engine/state/keyed-state-backend.ts'
import { SLICE_BYTES } from '../../engine/task/subtask-snapshots.ts'
import type { BenchResult } from './bench-result.ts'
import { median, round1 } from './measure.ts'
import { addressOf, uniformKeys } from './traffic-lines.ts'

const KEYS = 1 << 20
const MAX_PARALLELISM = 128
const SNAPSHOTS = 10
/** As many as a buffer of the pipeline has. */
const RECORDS_BETWEEN_SLICES = 500
const RESTORES = 5
const SUM = numberState('sum')

/** The longest synchronous part of several snapshots under way of which the sums are changed. */
export function benchSyncPause(): BenchResult {
  const backend = emptyBackend()
  const add = fill(backend)
  const draws = uniformKeys(KEYS, SNAPSHOTS * MAX_PARALLELISM * RECORDS_BETWEEN_SLICES)
  const pauses: number[] = []
  const slices: number[] = []
  const change = (): void => {
    for (let i = 0; i < RECORDS_BETWEEN_SLICES; i++) add(Number(draws.next().value ?? 0))
  }
  for (let i = 0; i <= SNAPSHOTS; i++) {
    change()
    const [snapshot, pauseMs] = timed(() => backend.snapshot())
    const keyGroups = snapshot.keyGroups()[Symbol.iterator]()
    const segments: SealedSegment[] = []
    for (let isLast = false; !isLast; change()) {
      const [wasLast, sliceMs] = timed(() => sealSlice(keyGroups, segments))
      if (i > 0) slices.push(sliceMs)
      isLast = wasLast
    }
    snapshot.release()
    // The first one warms up.
    if (i > 0) pauses.push(pauseMs)
  }
  const sums = sumsOf(backend)
  const peer = median(Array.from({ length: 3 }, () => timed(() => serialize(sums))[1]))
  const value = Math.max(...pauses)
  return {
    name: 'sync-pause-1m',
    value: round3(value),
    unit: 'ms',
    note:
      `the longest of ${SNAPSHOTS}, median ${round3(median(pauses))} ms, ${KEYS} keys; slices of the asynchronous ` +
      `part: median ${round3(median(slices))} ms, longest ${round3(Math.max(...slices))} ms`,
    peers: [{ name: 'v8.serialize of a Map', value: round1(peer), ratio: value / peer }],
  }
}

/** From the file to a backend that can go on; the file is in the memory of the operating system. */
export async function benchRestore(): Promise<BenchResult> {
  const path = await mkdtemp(join(tmpdir(), 'weir-bench-'))
  try {
    return await benchRestoreFrom(path)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
}

async function benchRestoreFrom(path: string): Promise<BenchResult> {
  const stored = emptyBackend()
  fill(stored)
  const sums = sumsOf(stored)
  const snapshot = stored.snapshot()
  const segments: SealedSegment[] = []
  const keyGroups = snapshot.keyGroups()[Symbol.iterator]()
  while (!sealSlice(keyGroups, segments));
  const directory = await openDirectory(path, true)
  await directory.put('sums', encodeSnapshotObject(segments))
  snapshot.release()
  const v8Path = join(path, 'v8')
  await writeFile(v8Path, serialize(sums))
  const jsonPath = join(path, 'json')
  await writeFile(jsonPath, JSON.stringify([...sums]))
  const candidates = {
    weir: async () => restore(await directory.get('sums')).keyCount(),
    'v8.deserialize of a Map': async () =>
      (deserialize(await readFile(v8Path)) as ReadonlyMap<string, number>).size,
    'JSON.parse and new Map': async () =>
      new Map(JSON.parse(await readFile(jsonPath, 'utf8')) as [string, number][]).size,
  }
  const times = await medianTimes(candidates)
  checkSame(restore(await directory.get('sums')), sums)
  const value = times.get('weir') ?? Number.NaN
  times.delete('weir')
  return {
    name: 'restore-1m',
    value: round1(value),
    unit: 'ms',
    note: `${KEYS} keys: reads the file (not from the disk), checks it, loads it`,
    peers: Array.from(times, ([name, ms]) => ({ name, value: round1(ms), ratio: value / ms })),
  }
}

/** Of rounds that alternate, after one that warms up. */
async function medianTimes(
  candidates: Readonly<Record<string, () => Promise<number>>>,
): Promise<Map<string, number>> {
  const times = new Map<string, number[]>()
  for (let round = 0; round <= RESTORES; round++) {
    for (const [name, restoreAll] of Object.entries(candidates)) {
      const started = performance.now()
      const count = await restoreAll()
      const ms = performance.now() - started
      if (count !== KEYS) throw new Error(`${name} restored ${count} keys of ${KEYS}.`)
      if (round > 0) times.set(name, [...(times.get(name) ?? []), ms])
    }
  }
  return new Map(Array.from(times, ([name, all]) => [name, median(all)]))
}

function restore(object: Uint8Array): HeapStateBackend {
  const segments = decodeSnapshotObject(object)
  if (typeof segments === 'string') throw new Error(`The snapshot is corrupt: ${segments}.`)
  const backend = emptyBackend()
  backend.restore(segments)
  backend.numberState(SUM)
  return backend
}

function emptyBackend(): HeapStateBackend {
  return new HeapStateBackend({
    maxParallelism: MAX_PARALLELISM,
    range: { first: 0, last: MAX_PARALLELISM - 1 },
  })
}

/** Adds to every sum once; what it returns adds to one of them. */
function fill(backend: HeapStateBackend): (key: number) => void {
  const sum = backend.numberState(SUM)
  const keys = Array.from({ length: KEYS }, (_, key) => addressOf(key))
  const add = (key: number): void => {
    const address = keys[key] ?? ''
    backend.setCurrentKey(address, hashKey(address))
    sum.add(key % 1000)
  }
  for (let key = 0; key < KEYS; key++) add(key)
  return add
}

/** What the asynchronous part of a snapshot does in one turn; whether it was the last one. */
function sealSlice(keyGroups: Iterator<KeyGroupSegment>, segments: SealedSegment[]): boolean {
  for (let bytes = 0; bytes < SLICE_BYTES;) {
    const next = keyGroups.next()
    if (next.done === true) return true
    const segment = sealSegment(next.value)
    segments.push(segment)
    bytes += segment.length
  }
  return false
}

function sumsOf(backend: HeapStateBackend): Map<string, number> {
  return new Map(
    Array.from(backend.entries(SUM.name), ([, key, value]) => [String(key), Number(value)]),
  )
}

function checkSame(restored: HeapStateBackend, sums: ReadonlyMap<string, number>): void {
  for (const [, key, value] of restored.entries(SUM.name)) {
    if (sums.get(String(key)) !== value) throw new Error(`The sum of ${String(key)} is wrong.`)
  }
}

function timed<T>(work: () => T): [result: T, ms: number] {
  const started = performance.now()
  const result = work()
  return [result, performance.now() - started]
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000
}
