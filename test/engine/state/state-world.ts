// Backends beside a naive model of all kinds of state: the world of the property tests. The model keeps cells
// (value, last use) in plain arrays and knows TTL only by its definition.

import { isDeepStrictEqual } from 'node:util'
import { checkpointId, type CheckpointId } from '../../../engine/ids.ts'
import { encodeKey, hashKey } from '../../../engine/serializer.ts'
import type { StateTtl } from '../../../engine/state/descriptors.ts'
import { HeapStateBackend } from '../../../engine/state/heap-state-backend.ts'
import { keyGroupOf, keyGroupRange } from '../../../engine/state/key-groups.ts'
import type { KeyedStateSnapshot } from '../../../engine/state/keyed-state-backend.ts'
import type { NamedBackend } from './backends.ts'
import { ObjectStore } from './object-store.ts'
import { MAX } from './small-backend.ts'
import { mergeValue, statesOf, type Act, type Command, type States } from './state-commands.ts'

export interface WorldOptions {
  readonly ttl?: StateTtl
  readonly aliasSnapshots?: boolean
  /** Default: the heap. */
  readonly create?: NamedBackend['create']
  /** Snapshots are sorted runs, of which each names those of the one before. */
  readonly isIncremental?: boolean
}

interface Cell {
  readonly field: unknown
  readonly value: unknown
  readonly at: number
}

type Kind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating'

const KINDS: readonly Kind[] = ['value', 'list', 'map', 'reducing', 'aggregating']
const KEYS: readonly unknown[] = ['a', 'b', 7, 'a key that does not fit into a row', [1, 'x']]

const heap: NamedBackend['create'] = (options) => new HeapStateBackend(options)

/** By state, key and window: what is stored, in order. */
type Model = ReadonlyMap<string, readonly Cell[]>

interface Taken {
  readonly snapshots: readonly KeyedStateSnapshot[]
  readonly expected: Model
}

export class StateWorld {
  readonly #options: WorldOptions
  readonly #taken: Taken[] = []
  readonly #objects = new ObjectStore()
  #checkpoints = 0
  /** The newest that is complete. */
  #latest: CheckpointId | null = null
  #now = 0
  #subtasks: readonly States[]
  #model = new Map<string, readonly Cell[]>()

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.#subtasks = this.#start(1, [])
  }

  run(commands: readonly Command[]): void {
    for (const command of commands) this.#step(command)
    this.#compare(this.#subtasks, this.#model, 'the state')
    for (const taken of this.#taken) this.#checkTaken(taken)
  }

  #step(command: Command): void {
    switch (command.type) {
      case 'state': {
        this.#act(command)
        return
      }
      case 'merge': {
        this.#merge(command)
        return
      }
      case 'pass': {
        this.#now += command.ms
        return
      }
      case 'snapshot': {
        this.#taken.push({ snapshots: this.#snapshot(), expected: new Map(this.#model) })
        return
      }
      case 'release': {
        const taken = this.#taken.shift()
        if (taken === undefined) return
        this.#checkTaken(taken)
        for (const snapshot of taken.snapshots) snapshot.release()
        return
      }
      case 'restore': {
        const snapshots = this.#snapshot()
        this.#complete(snapshots, checkpointId(this.#checkpoints))
        this.#subtasks = this.#start(command.parallelism, snapshots)
        this.#compare(this.#subtasks, this.#model, 'the restored state')
      }
    }
  }

  #snapshot(): readonly KeyedStateSnapshot[] {
    this.#checkpoints += 1
    const checkpoint = checkpointId(this.#checkpoints)
    const request = { checkpoint, base: this.#latest }
    const snapshots = this.#subtasks.map((subtask) =>
      subtask.backend.snapshot(this.#options.isIncremental === true ? request : undefined),
    )
    // Every second one is complete at once. If all were, changes would never meet a snapshot that is under way.
    if (this.#checkpoints % 2 === 0) this.#complete(snapshots, checkpoint)
    return snapshots
  }

  #complete(snapshots: readonly KeyedStateSnapshot[], checkpoint: CheckpointId): void {
    for (const { own } of snapshots) if (own !== null) this.#objects.put(own)
    this.#latest = checkpoint
  }

  #start(parallelism: number, snapshots: readonly KeyedStateSnapshot[]): readonly States[] {
    const segments = snapshots.flatMap((snapshot) =>
      snapshot.own === null ? [...snapshot.keyGroups()] : [],
    )
    return Array.from({ length: parallelism }, (_, i) => {
      const range = keyGroupRange(i, MAX, parallelism)
      const { aliasSnapshots = false, ttl, create = heap } = this.#options
      const processingTime = (): number => this.#now
      const target = create({ maxParallelism: MAX, range, aliasSnapshots, processingTime })
      const { first, last } = range
      target.restore(segments.filter(({ keyGroup }) => first <= keyGroup && keyGroup <= last))
      const checkpoint = this.#latest ?? checkpointId(0)
      for (const { own } of snapshots) {
        if (own !== null) this.#objects.restore(own, target, checkpoint)
      }
      return statesOf(target, ttl)
    })
  }

  #select(key: unknown, window: number): States {
    const hash = hashKey(key)
    const group = keyGroupOf(hash, MAX)
    const subtask = this.#subtasks.find(
      ({ backend: { range } }) => range.first <= group && group <= range.last,
    )
    if (subtask === undefined) throw new Error(`Nobody has key group ${group}.`)
    subtask.backend.setCurrentKey(key, hash)
    subtask.backend.setCurrentNamespace(window)
    return subtask
  }

  #act({ key: index, window, act }: Extract<Command, { type: 'state' }>): void {
    const key = KEYS[index % KEYS.length]
    const result = this.#select(key, window).run(act)
    const kind = kindOf(act)
    const id = identify(kind, key, window)
    const [cells, expected] = this.#expect(act, this.#model.get(id) ?? [])
    if (cells.length === 0) this.#model.delete(id)
    else this.#model.set(id, cells)
    if (!isDeepStrictEqual(result, expected)) throw new Error(`${act.do} went wrong.`)
  }

  #merge({ key: index, target, sources }: Extract<Command, { type: 'merge' }>): void {
    const key = KEYS[index % KEYS.length]
    this.#select(key, 0).merge(target, sources)
    for (const kind of ['list', 'reducing', 'aggregating', 'value'] as const) {
      const ids = [target, ...new Set(sources)].map((window) => identify(kind, key, window))
      const all = [...new Set(ids)].flatMap((id) => this.#model.get(id) ?? [])
      for (const id of ids) this.#model.delete(id)
      if (all.length > 0) this.#model.set(identify(kind, key, target), mergeCells(kind, all))
    }
  }

  /** What is stored afterwards, and what is returned. */
  #expect(act: Act, cells: readonly Cell[]): readonly [readonly Cell[], unknown] {
    const at = this.#now
    const cell = (value: unknown, field?: unknown): Cell => ({ value, at, field })
    const isNot = (field: unknown) => (other: Cell) => !isSameKey(other.field, field)
    switch (act.do) {
      case 'value.clear':
      case 'reducing.clear':
      case 'aggregating.clear':
      case 'list.clear':
      case 'map.clear':
        return [[], undefined]
      case 'value.update':
        return [act.value === null ? [] : [cell(act.value)], undefined]
      case 'reducing.add':
      case 'aggregating.add': {
        const [old] = this.#read(cells)
        const sum = Number(old?.value ?? 0) + act.value
        return [[cell(sum)], undefined]
      }
      case 'list.add':
        return [[...cells, cell(act.value)], undefined]
      case 'list.addAll':
        return [[...cells, ...act.value.map((value) => cell(value))], undefined]
      case 'list.update':
        return [act.value.map((value) => cell(value)), undefined]
      case 'map.put':
        return [putCell(cells, cell(act.value, act.field)), undefined]
      case 'map.putAll':
        return [
          act.value.reduce<readonly Cell[]>(
            (all, [field, value]) => putCell(all, cell(value, field)),
            cells,
          ),
          undefined,
        ]
      case 'map.remove':
        return [cells.filter(isNot(act.field)), undefined]
      case 'map.isEmpty':
        return [cells, cells.length === 0]
      case 'map.get':
      case 'map.contains': {
        const found = cells.filter((other) => !isNot(act.field)(other))
        const seen = this.#read(found)
        const after = cells.flatMap((other) =>
          found.includes(other) ? this.#after(other) : [other],
        )
        return [after, act.do === 'map.get' ? seen[0]?.value : seen.length > 0]
      }
      case 'list.get':
        return this.#expectList(cells)
      case 'value.value':
      case 'reducing.get':
        return [cells.flatMap((each) => this.#after(each)), this.#read(cells)[0]?.value]
      case 'aggregating.get': {
        const [seen] = this.#read(cells)
        return [cells.flatMap((each) => this.#after(each)), seen && `= ${String(seen.value)}`]
      }
      default: {
        const pick = {
          'map.entries': ({ field, value }: Cell) => [field, value],
          'map.keys': ({ field }: Cell) => field,
          'map.values': ({ value }: Cell) => value,
        }[act.do]
        return [cells.flatMap((each) => this.#after(each)), this.#read(cells).map(pick)]
      }
    }
  }

  #expectList(cells: readonly Cell[]): readonly [readonly Cell[], unknown] {
    const live = cells.filter((cell) => !this.#isExpired(cell))
    const isRefreshed = this.#options.ttl?.update === 'on-read-and-write' && live.length > 0
    const shown = this.#showsExpired && !isRefreshed ? cells : live
    const left = live.length === 0 ? [] : isRefreshed ? live : cells
    return [
      isRefreshed ? left.map((cell) => ({ ...cell, at: this.#now })) : left,
      shown.map(({ value }) => value),
    ]
  }

  get #showsExpired(): boolean {
    return this.#options.ttl?.visibility === 'return-expired-if-not-cleaned-up'
  }

  #isExpired({ at }: Cell): boolean {
    const { ttl } = this.#options
    return ttl !== undefined && this.#now >= at + ttl.timeToLiveMs
  }

  /** The cells that a read sees. */
  #read(cells: readonly Cell[]): readonly Cell[] {
    return cells.filter((cell) => this.#showsExpired || !this.#isExpired(cell))
  }

  /** What a read leaves of a cell. */
  #after(cell: Cell): readonly Cell[] {
    if (this.#isExpired(cell)) return []
    return [this.#options.ttl?.update === 'on-read-and-write' ? { ...cell, at: this.#now } : cell]
  }

  #checkTaken({ snapshots, expected }: Taken): void {
    this.#compare(this.#start(1, snapshots), expected, 'a snapshot')
  }

  #compare(subtasks: readonly States[], expected: Model, what: string): void {
    const actual = new Map(
      KINDS.flatMap((kind) =>
        subtasks.flatMap((subtask) =>
          [...subtask.backend.entries(kind)].map(
            ([, key, value, window]) => [identify(kind, key, window ?? 0), value] as const,
          ),
        ),
      ),
    )
    const wanted = new Map([...expected].map(([id, cells]) => [id, contentOf(id, cells)]))
    const count = subtasks.reduce((sum, subtask) => sum + subtask.backend.keyCount(), 0)
    if (count !== expected.size) throw new Error(`${what} has another number of entries.`)
    if (!isDeepStrictEqual(sorted(actual), sorted(wanted))) throw new Error(`${what} is another.`)
  }
}

function sorted(map: ReadonlyMap<string, unknown>): unknown[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, value]) => [id, ordered(value)])
}

/** Deep equality of Maps does not see their order. */
function ordered(value: unknown): unknown {
  return value instanceof Map ? [...value] : value
}

function contentOf(id: string, cells: readonly Cell[]): unknown {
  if (id.startsWith('list')) return cells.map(({ value }) => value)
  if (id.startsWith('map')) return new Map(cells.map(({ field, value }) => [field, value]))
  return cells[0]?.value
}

function putCell(cells: readonly Cell[], cell: Cell): readonly Cell[] {
  const index = cells.findIndex(({ field }) => isSameKey(field, cell.field))
  return index < 0 ? [...cells, cell] : cells.with(index, { ...cell, field: cells[index]?.field })
}

function mergeCells(kind: Kind, cells: readonly Cell[]): readonly Cell[] {
  if (kind === 'list') return cells
  const value = cells.map((cell) => cell.value).reduce((a, b) => mergeValue(kind, a, b))
  return cells.slice(0, 1).map((cell) => ({ ...cell, value }))
}

function isSameKey(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(encodeKey(a), encodeKey(b))
}

function identify(kind: string, key: unknown, window: number): string {
  return `${kind} ${encodeKey(key).join()} ${window}`
}

function kindOf(act: Act): string {
  return act.do.slice(0, act.do.indexOf('.'))
}
