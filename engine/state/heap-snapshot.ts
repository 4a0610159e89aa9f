/** A snapshot of the heap backend: its stores and timers, frozen; each key group is encoded when it is asked for. */

import { assert } from '../assert.ts'
import type { FrozenStore } from './heap-store.ts'
import { encodeKeyGroup } from './key-group-segment.ts'
import type { KeyGroupRange } from './key-groups.ts'
import type { KeyedStateSnapshot, KeyGroupSegment } from './keyed-state-backend.ts'
import type { StateSegment } from './store-segment.ts'
import type { FrozenTimers, TimerSegment } from './timer-segment.ts'

export class HeapSnapshot implements KeyedStateSnapshot {
  /** Every key group is written anew: nothing of a former snapshot is named again. */
  readonly own = null
  readonly #range: KeyGroupRange
  readonly #stores: readonly FrozenStore[]
  readonly #timers: readonly FrozenTimers[]
  #isReleased = false

  constructor(
    range: KeyGroupRange,
    stores: readonly FrozenStore[],
    timers: readonly FrozenTimers[],
  ) {
    this.#range = range
    this.#stores = stores
    this.#timers = timers
  }

  *keyGroups(): Iterable<KeyGroupSegment> {
    const { first, last } = this.#range
    for (let keyGroup = first; keyGroup <= last; keyGroup += 1) {
      assert(!this.#isReleased, `Key group ${keyGroup} of a released snapshot is read.`)
      const states: StateSegment[] = []
      for (const store of this.#stores) {
        const segment = store.group(keyGroup)
        if (segment !== undefined) states.push(segment)
      }
      const timers: TimerSegment[] = []
      for (const queue of this.#timers) {
        const segment = queue.group(keyGroup)
        if (segment !== undefined) timers.push(segment)
      }
      if (states.length === 0 && timers.length === 0) continue
      yield { keyGroup, bytes: encodeKeyGroup({ keyGroup, states, timers }) }
    }
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const store of this.#stores) store.release()
    for (const queue of this.#timers) queue.release()
  }
}
