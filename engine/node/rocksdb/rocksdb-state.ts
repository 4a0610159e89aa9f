/**
 * The RocksDB databases of an engine's thread: one for each keyed subtask, in directories of their own below one that
 * is given. They hold working state only, which is lost with the process; what survives is in checkpoints.
 */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseThreadClient } from './database-thread-client.ts'
import { RocksDbStore } from './rocksdb-store.ts'

const PREFIX = 'weir-rocksdb-'

export class RocksDbState {
  #thread = new DatabaseThreadClient()
  readonly #directory: string
  #stores = 0

  /** Starts nothing that can fail yet. `directory` may be shared with other processes. What processes that are gone left there is removed. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true })
    removeLeftovers(directory)
    this.#directory = mkdtempSync(join(directory, `${PREFIX}${process.pid}-`))
  }

  /** Throws a ConfigurationError if RocksDB is not available on this machine. */
  static start(directory: string): RocksDbState {
    const state = new RocksDbState(directory)
    try {
      state.open().close()
      return state
    } catch (error) {
      void state.close()
      throw error
    }
  }

  /**
   * An empty store; with `keepsRuns` snapshots can be incremental. If the thread was lost, with all its stores, it gets a
   * new one. Throws a ConfigurationError or a StateStoreError.
   */
  open(keepsRuns = false): RocksDbStore {
    if (!this.#thread.isUsable) {
      void this.#thread.end()
      this.#thread = new DatabaseThreadClient()
    }
    this.#stores += 1
    const store = this.#stores
    const directory = join(this.#directory, String(store))
    return new RocksDbStore(this.#thread, { store, directory, keepsRuns })
  }

  /** Ends the thread in the middle of whatever it does, as a crash would: its stores fail, new ones do not. */
  async crash(): Promise<void> {
    await this.#thread.terminate()
  }

  /** Closes all stores and removes their files. */
  async close(): Promise<void> {
    await this.#thread.end()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (!name.startsWith(PREFIX)) continue
    const pid = Number.parseInt(name.slice(PREFIX.length), 10)
    if (!isAlive(pid)) rmSync(join(directory, name), { recursive: true, force: true })
  }
}

/** In doubt it is. */
function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
