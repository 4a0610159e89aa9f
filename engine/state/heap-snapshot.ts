/** A snapshot of the heap backend: its stores and timers, frozen; each key group is encoded when it is asked for. */

import { assert } from '../assert.ts'
import { concatenate } from '../concatenate.ts'
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
      const pieces = encodeKeyGroup({ keyGroup, states, timers })
      yield new EncodedKeyGroup(keyGroup, pieces, () => this.#isReleased)
    }
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    for (const store of this.#stores) store.release()
    for (const queue of this.#timers) queue.release()
  }
}

class EncodedKeyGroup implements KeyGroupSegment {
  readonly keyGroup: number
  readonly #pieces: readonly Uint8Array[]
  readonly #isReleased: () => boolean

  constructor(keyGroup: number, pieces: readonly Uint8Array[], isReleased: () => boolean) {
    this.keyGroup = keyGroup
    this.#pieces = pieces
    this.#isReleased = isReleased
  }

  get pieces(): readonly Uint8Array[] {
    assert(!this.#isReleased(), `Key group ${this.keyGroup} of a released snapshot is read.`)
    return this.#pieces
  }

  /** A copy, which stays valid. */
  get bytes(): Uint8Array {
    return concatenate(this.pieces)
  }
}
