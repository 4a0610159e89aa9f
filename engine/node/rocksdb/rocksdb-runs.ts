/**
 * The sorted runs of a RocksDB store as the engine's thread sees them: they lie in the databases' thread, and their bytes
 * come when a snapshot writes them. Invariant: a run is the same object in every list, so that snapshots can name it
 * again.
 */

import { assert } from '../../assert.ts'
import type { Run } from '../../state/keyed-state-backend.ts'
import type { SortedRun } from '../../state/lsm/sorted-run.ts'
import type { FrozenRuns } from '../../state/tiered/tiered-snapshot.ts'
import type { RestorableRuns } from '../../state/tiered/tiered-state-backend.ts'
import { checkReply } from './check-reply.ts'
import type { DatabaseReply, RunInfo } from './database-requests.ts'
import type { DatabaseThreadClient } from './database-thread-client.ts'

export class RocksDbRuns implements RestorableRuns {
  readonly #thread: DatabaseThreadClient
  readonly #store: number
  /** By number: those of the newest list, and of lists that are not released. */
  #known = new Map<number, RemoteRun>()
  readonly #lists = new Map<number, readonly RemoteRun[]>()
  #count = 0

  constructor(thread: DatabaseThreadClient, store: number) {
    this.#thread = thread
    this.#store = store
  }

  freeze(): FrozenRuns {
    const list = this.#count
    this.#count += 1
    const store = this.#store
    const reply = this.#thread.ask({ type: 'list-runs', store, list })
    let runs: readonly RemoteRun[] | null = null
    let isReleased = false
    const resolve = (): readonly RemoteRun[] => (runs ??= this.#resolve(list, reply))
    const thread = this.#thread
    return {
      get isPending() {
        return !isReleased && runs === null && thread.isPending(reply)
      },
      get runs() {
        assert(!isReleased, 'A released list of runs is read.')
        return resolve()
      },
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#lists.delete(list)
        if (thread.isUsable) thread.send({ type: 'release-runs', store, list })
      },
    }
  }

  adopt(run: SortedRun): Run {
    const { bytes, checksum } = run
    const store = this.#store
    const reply = this.#thread.ask({ type: 'adopt-run', store, bytes, checksum })()
    const [adopted] = runsOf(reply).map((info) => this.#remote(info))
    assert(adopted !== undefined, 'An adopted run has no number.')
    return adopted
  }

  #resolve(list: number, reply: () => DatabaseReply): readonly RemoteRun[] {
    const runs = runsOf(reply()).map((info) => this.#remote(info))
    this.#lists.set(list, runs)
    const kept = new Set([...runs, ...[...this.#lists.values()].flat()])
    this.#known = new Map([...this.#known].filter(([, run]) => kept.has(run)))
    return runs
  }

  #remote(info: RunInfo): RemoteRun {
    const run = this.#known.get(info.number) ?? new RemoteRun(this.#thread, this.#store, info)
    this.#known.set(info.number, run)
    return run
  }
}

class RemoteRun implements Run {
  readonly sizeBytes: number
  readonly checksum: number
  readonly #thread: DatabaseThreadClient
  readonly #store: number
  readonly #number: number

  constructor(thread: DatabaseThreadClient, store: number, info: RunInfo) {
    this.sizeBytes = info.sizeBytes
    this.checksum = info.checksum
    this.#thread = thread
    this.#store = store
    this.#number = info.number
  }

  get bytes(): Uint8Array {
    const request = { type: 'read-run', store: this.#store, run: this.#number } as const
    const reply = checkReply(this.#thread.ask(request)())
    assert(reply.type === 'bytes', `The bytes of a run are ${reply.type}.`)
    return reply.packed
  }
}

function runsOf(reply: DatabaseReply): readonly RunInfo[] {
  const checked = checkReply(reply)
  assert(checked.type === 'runs', `A list of runs was answered with ${checked.type}.`)
  return checked.runs
}
