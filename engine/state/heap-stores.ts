/**
 * The stores of a backend by the names of their states: made at registration or at restore, whichever comes first.
 * Must not know functions or the current key.
 * Invariant: a name has one store, and whoever asks for it means the same kind, serializers and options.
 */

import { unreachable } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import { ContainerStore } from './container-store.ts'
import type { HeapStore, StoreOptions } from './heap-store.ts'
import { HeapTables } from './heap-tables.ts'
import type { KeyGroupRange } from './key-groups.ts'
import { ListContainer } from './list-container.ts'
import { MapContainer } from './map-container.ts'
import type { RowObserver } from './rows/row-observer.ts'
import type { StateInfo, StateSegment } from './store-segment.ts'

export class HeapStores {
  readonly #range: KeyGroupRange
  readonly #aliasSnapshots: boolean
  readonly #observer: RowObserver | undefined
  /** In the order in which they were made. */
  readonly #all = new Map<string, HeapStore>()
  readonly #tables = new Map<string, HeapTables>()
  readonly #lists = new Map<string, ContainerStore<ListContainer>>()
  readonly #maps = new Map<string, ContainerStore<MapContainer>>()

  constructor({ range, aliasSnapshots, observer }: Omit<StoreOptions, 'info'>) {
    this.#range = range
    this.#aliasSnapshots = aliasSnapshots
    this.#observer = observer
  }

  get names(): readonly string[] {
    return [...this.#all.keys()]
  }

  all(): Iterable<HeapStore> {
    return this.#all.values()
  }

  find(name: string): HeapStore | undefined {
    return this.#all.get(name)
  }

  tables(info: StateInfo): HeapTables {
    return this.#get(this.#tables, info, (options) => new HeapTables(options))
  }

  lists(info: StateInfo): ContainerStore<ListContainer> {
    const create = (): ListContainer => new ListContainer()
    return this.#get(this.#lists, info, (options) => new ContainerStore(options, create))
  }

  maps(info: StateInfo): ContainerStore<MapContainer> {
    const create = (): MapContainer => new MapContainer()
    return this.#get(this.#maps, info, (options) => new ContainerStore(options, create))
  }

  /** Fills a key group of the state from a snapshot. */
  load(keyGroup: number, segment: StateSegment): void {
    this.of(segment.info).load(keyGroup, segment)
  }

  /** The store of the state, made if there is none. */
  of(info: StateInfo): HeapStore {
    switch (info.kind) {
      case 'value':
        return this.tables(info)
      case 'list':
        return this.lists(info)
      case 'map':
        return this.maps(info)
      default:
        return unreachable(info.kind)
    }
  }

  #get<S extends HeapStore>(
    stores: Map<string, S>,
    info: StateInfo,
    create: (options: StoreOptions) => S,
  ): S {
    const there = this.#all.get(info.name)
    if (there !== undefined) checkSame(there.info, info)
    const existing = stores.get(info.name)
    if (existing !== undefined) return existing
    const store = create({
      info,
      range: this.#range,
      aliasSnapshots: this.#aliasSnapshots,
      observer: this.#observer,
    })
    this.#all.set(info.name, store)
    stores.set(info.name, store)
    return store
  }
}

function checkSame(kept: StateInfo, asked: StateInfo): void {
  if (describe(kept) !== describe(asked)) {
    throw new ConfigurationError(
      'state-conflict',
      `State "${kept.name}" is kept with ${describe(kept)}, but is asked for with ${describe(asked)}: use the same ` +
        'serializer and options everywhere and across restarts, or another name.',
    )
  }
  if (kept.hasTtl === asked.hasTtl) return
  throw new ConfigurationError(
    'ttl-conflict',
    `State "${kept.name}" is kept ${kept.hasTtl ? 'with' : 'without'} a TTL, but is asked for ` +
      `${asked.hasTtl ? 'with' : 'without'} one: a TTL can be changed, but not added to or taken from a state that ` +
      'exists; use another name.',
  )
}

function describe({ kind, serializer, keySerializer, isNamespaced }: StateInfo): string {
  const serializers = kind === 'map' ? `${keySerializer}" and "${serializer}` : serializer
  const noun = kind === 'value' ? 'serializer' : `${kind} serializer`
  return `${noun} "${serializers}" ${isNamespaced ? 'and' : 'without'} namespaces`
}
