/**
 * A base store in RocksDB. A read waits for the database's thread, so keys that will be read are asked for together,
 * ahead of time; writes are sent in pieces and nobody waits for them. Must not know what rows mean.
 * Invariant: what was fetched ahead is forgotten when its key is written.
 */

import { assert } from '../../assert.ts'
import { compareBytes } from '../../state/rows/row-change.ts'
import type { RowChange, StoredRow } from '../../state/rows/row-change.ts'
import type { BaseBatch, BaseStore, BaseView } from '../../state/tiered/base-store.ts'
import type { RestorableRuns } from '../../state/tiered/tiered-state-backend.ts'
import { BytesPacker, packBytes, unpackBytes } from './packed-bytes.ts'
import type { DatabaseReply } from './database-requests.ts'
import type { DatabaseThreadClient } from './database-thread-client.ts'
import { checkReply, errorOf } from './check-reply.ts'
import { RocksDbRuns } from './rocksdb-runs.ts'

/** A batch is sent in pieces of about this size. */
const PIECE_BYTES = 1 << 16
/** Rows that one request of a scan brings. */
const SCAN_ROWS = 2048
/** Fetched values that nobody asked for are forgotten when there are more than these. */
const FETCHED_MAX = 8192

/** One request for many keys. */
interface Fetch {
  readonly values: () => readonly (Uint8Array | null)[]
}

interface FetchedKey {
  readonly key: Uint8Array
  readonly fetch: Fetch
  readonly index: number
}

export interface RocksDbStoreOptions {
  /** Tells the databases of a thread apart. */
  readonly store: number
  readonly directory: string
  /** For incremental snapshots. */
  readonly keepsRuns: boolean
}

export class RocksDbStore implements BaseStore {
  readonly #thread: DatabaseThreadClient
  readonly #store: number
  /** By the hash of the key; of keys with the same hash there is one. */
  readonly #fetched = new Map<number, FetchedKey>()
  #views = 0
  #isClosed = false

  /** Present if changes are kept as runs. */
  readonly runs: RestorableRuns | undefined

  /** Throws a ConfigurationError or a StateStoreError. `store` must be new to the thread. */
  constructor(thread: DatabaseThreadClient, options: RocksDbStoreOptions) {
    const { store, directory, keepsRuns } = options
    this.#thread = thread
    this.#store = store
    const reply = thread.ask({ type: 'open', store, directory, keepsRuns })()
    if (reply.type === 'failed') throw errorOf(reply, `RocksDB cannot open ${directory}`)
    this.runs = keepsRuns ? new RocksDbRuns(thread, store) : undefined
  }

  get sizeBytes(): number {
    const reply = checkReply(this.#thread.ask({ type: 'size', store: this.#store })())
    return reply.type === 'size' ? reply.bytes : 0
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const id = hashOf(key)
    let fetched = this.#fetched.get(id)
    if (fetched === undefined || compareBytes(fetched.key, key) !== 0) {
      this.#fetch([key])
      fetched = this.#fetched.get(id)
    }
    this.#fetched.delete(id)
    return fetched?.fetch.values()[fetched.index] ?? undefined
  }

  prefetch(keys: readonly Uint8Array[]): void {
    if (this.#fetched.size > FETCHED_MAX) this.#fetched.clear()
    this.#fetch(keys)
  }

  /** Rows may be seen before the commit, but not by whoever writes them: the tables above have them. */
  batch(): BaseBatch {
    let packer = new BytesPacker(PIECE_BYTES * 2)
    const send = (): void => {
      if (packer.length === 0) return
      const rows = packer.finish()
      packer = new BytesPacker(PIECE_BYTES * 2)
      this.#thread.send({ type: 'write', store: this.#store, rows }, [rows.buffer])
    }
    return {
      put: ({ key, value }: RowChange) => {
        if (this.#fetched.size > 0) this.#fetched.delete(hashOf(key))
        packer.add(key)
        packer.add(value)
        if (packer.length >= PIECE_BYTES) send()
      },
      commit: () => {
        send()
        this.#thread.send({ type: 'commit', store: this.#store })
      },
    }
  }

  view(): BaseView {
    const store = this.#store
    const view = this.#views
    this.#views += 1
    this.#thread.send({ type: 'view', store, view })
    let isReleased = false
    return {
      scan: (prefix) => {
        assert(!isReleased, 'A released view is read.')
        return this.#scan(view, prefix)
      },
      release: () => {
        const isOpen = !this.#isClosed && this.#thread.isUsable
        if (!isReleased && isOpen) this.#thread.send({ type: 'release', store, view })
        isReleased = true
      },
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#fetched.clear()
    if (this.#thread.isUsable) this.#thread.send({ type: 'close', store: this.#store })
  }

  #fetch(keys: readonly Uint8Array[]): void {
    const packed = packBytes(keys)
    const reply = this.#thread.ask({ type: 'get', store: this.#store, keys: packed }, [
      packed.buffer,
    ])
    let values: readonly (Uint8Array | null)[] | null = null
    const fetch: Fetch = {
      values: () => (values ??= unpackBytes(this.#packed(reply()))),
    }
    for (const [index, key] of keys.entries()) {
      this.#fetched.set(hashOf(key), { key, fetch, index })
    }
  }

  *#scan(view: number, prefix: Uint8Array): Iterable<StoredRow> {
    const end = endOf(prefix)
    let [begin, isBehind] = [prefix, false]
    const ask = (): (() => DatabaseReply) =>
      this.#thread.ask({
        type: 'scan',
        store: this.#store,
        view,
        begin,
        isBehind,
        end,
        rowsMax: SCAN_ROWS,
      })
    let reply: (() => DatabaseReply) | null = ask()
    while (reply !== null) {
      const found = unpackBytes(this.#packed(reply()))
      const last = found.at(-2) ?? null
      reply = null
      if (found.length === SCAN_ROWS * 2 && last !== null) {
        // The next piece is read while this one is used.
        begin = last
        isBehind = true
        reply = ask()
      }
      for (let i = 0; i < found.length; i += 2) {
        const [key, value] = [found[i] ?? null, found[i + 1] ?? null]
        assert(key !== null && value !== null, 'A scan brought half a row.')
        yield { key, value }
      }
    }
  }

  #packed(reply: DatabaseReply): Uint8Array {
    const checked = checkReply(reply)
    assert(checked.type === 'bytes', `A read was answered with ${checked.type}.`)
    return checked.packed
  }
}

/** The first bytes behind all that begin with the prefix; null if there are none. */
function endOf(prefix: Uint8Array): Uint8Array | null {
  for (let length = prefix.length; length > 0; length -= 1) {
    const last = prefix[length - 1] ?? 0
    if (last === 0xff) continue
    const end = prefix.slice(0, length)
    end[length - 1] = last + 1
    return end
  }
  return null
}

/** FNV-1a: short keys are hashed often here. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c9dc5 | 0
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ (key[i] ?? 0), 0x01000193)
  return hash
}
