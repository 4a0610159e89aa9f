/**
 * The offsets that consumer groups committed: a fold of one partition of `__consumer_offsets` (K-I6). Offsets of an
 * open transaction are pending under its producer id, invisible, until its marker says what becomes of them (K-R46).
 */
import type { TopicPartition } from '../../engine/kafka/protocol.ts'
import type { CommittedOffset } from './coordinator-records.ts'

interface Entry {
  readonly offset: number
  /** Where `__consumer_offsets` holds it. */
  readonly recordOffset: number
}

export class GroupOffsets {
  readonly #committed = new Map<string, Entry>()
  readonly #pending = new Map<number, Map<string, Entry>>()

  commit({ groupId, offset, ...at }: CommittedOffset, recordOffset: number): void {
    this.#committed.set(keyOf(groupId, at), { offset, recordOffset })
  }

  hold(
    producerId: number,
    { groupId, offset, ...at }: CommittedOffset,
    recordOffset: number,
  ): void {
    let pending = this.#pending.get(producerId)
    if (pending === undefined) {
      pending = new Map()
      this.#pending.set(producerId, pending)
    }
    pending.set(keyOf(groupId, at), { offset, recordOffset })
  }

  /** K-R46: COMMIT applies what is pending, except where a later commit was faster; ABORT drops it. */
  end(producerId: number, result: 'commit' | 'abort'): void {
    const pending = this.#pending.get(producerId)
    if (pending === undefined) return
    this.#pending.delete(producerId)
    if (result === 'abort') return
    for (const [key, entry] of pending) {
      const committed = this.#committed.get(key)
      if (committed === undefined || committed.recordOffset < entry.recordOffset) {
        this.#committed.set(key, entry)
      }
    }
  }

  /** -1 where nothing is committed. */
  committed(groupId: string, at: TopicPartition): number {
    return this.#committed.get(keyOf(groupId, at))?.offset ?? -1
  }

  hasPending(groupId: string, at: TopicPartition): boolean {
    const key = keyOf(groupId, at)
    for (const pending of this.#pending.values()) {
      if (pending.has(key)) return true
    }
    return false
  }
}

function keyOf(groupId: string, { topic, partition }: TopicPartition): string {
  return `${groupId}\0${topic}\0${partition}`
}
