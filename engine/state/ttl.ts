/**
 * Time to live: when a value is expired, what reading it does, and the cleanup that goes on beside the reads.
 * Must not know kinds of state. By processing time; which TTL a state has is not part of snapshots.
 * Source: Flink StateTtlConfig, AbstractTtlDecorator, TtlIncrementalCleanup.
 */

import { ConfigurationError } from '../errors.ts'
import type { StateTtl } from './descriptors.ts'
import type { KeyGroupRange } from './key-groups.ts'

/** What incremental cleanup needs of a store. Rows of a key group are dense; removal moves the last one into the gap. */
export interface CleanableStore {
  readonly range: KeyGroupRange
  rowCount(keyGroup: number): number
  /** Removes what is expired in the row; true if nothing was left and the row was removed. */
  expireRow(keyGroup: number, row: number, isExpired: IsExpired): boolean
}

/** Whether something used last at `at` is expired. */
export type IsExpired = (at: number) => boolean

export class Ttl {
  /** Reading an unexpired value is a use of it. */
  readonly refreshesOnRead: boolean
  /** A read that finds an expired value returns it, though it is removed then. */
  readonly showsExpired: boolean
  readonly isLeftOutOfSnapshots: boolean
  readonly #timeToLiveMs: number
  readonly #processingTime: () => number
  readonly #store: CleanableStore
  readonly #keysPerAccess: number
  /** Where incremental cleanup goes on. */
  #keyGroup: number
  #row = 0

  constructor(
    state: string,
    config: StateTtl,
    processingTime: () => number,
    store: CleanableStore,
  ) {
    const { timeToLiveMs, update, visibility, cleanup } = config
    const keysPerAccess = cleanup?.incremental?.keysPerAccess
    check(state, 'timeToLiveMs', timeToLiveMs)
    if (keysPerAccess !== undefined)
      check(state, 'cleanup.incremental.keysPerAccess', keysPerAccess)
    this.refreshesOnRead = update === 'on-read-and-write'
    this.showsExpired = visibility === 'return-expired-if-not-cleaned-up'
    this.isLeftOutOfSnapshots = cleanup?.inFullSnapshot ?? false
    this.#timeToLiveMs = timeToLiveMs
    this.#processingTime = processingTime
    this.#store = store
    this.#keysPerAccess = keysPerAccess ?? 0
    this.#keyGroup = store.range.first
  }

  now(): number {
    return this.#processingTime()
  }

  isExpired(at: number): boolean {
    return at + this.#timeToLiveMs <= this.now()
  }

  /** The same at the present moment, whatever the clock reads later. */
  isExpiredNow(): IsExpired {
    const now = this.now()
    return (at) => at + this.#timeToLiveMs <= now
  }

  /** To be called before every use of the state: the steps of incremental cleanup. */
  accessed(): void {
    if (this.#keysPerAccess === 0) return
    const isExpired = this.isExpiredNow()
    for (let looked = 0; looked < this.#keysPerAccess; looked += 1) {
      if (!this.#findRow()) return
      const isGone = this.#store.expireRow(this.#keyGroup, this.#row, isExpired)
      if (!isGone) this.#row += 1
    }
  }

  /** Goes on to the next key group that has the row; false if all are empty. */
  #findRow(): boolean {
    const { first, last } = this.#store.range
    for (let hops = first; hops <= last + 1; hops += 1) {
      if (this.#row < this.#store.rowCount(this.#keyGroup)) return true
      this.#row = 0
      this.#keyGroup = this.#keyGroup === last ? first : this.#keyGroup + 1
    }
    return false
  }
}

function check(state: string, option: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return
  throw new ConfigurationError(
    'invalid-ttl',
    `The TTL of state "${state}" has ${option} ${value}: give a whole number of at least 1.`,
  )
}
