/**
 * What one partition log remembers of its producers (K-R10): their epoch, their last five batches, their open
 * transaction. From it follow fencing (K-R11), order (K-R12, K-R13) and deduplication (K-R14). Knows nothing of
 * coordinators; it is a function of the log, so that a replica can rebuild it.
 */
import type { KafkaError, ProducedBatch } from '../../engine/kafka/protocol.ts'
import type { Mutants } from '../../engine/mutants.ts'

/** Who appends (K-R15): a client, or a coordinator on a client's behalf, whose batches have no sequences. */
export type AppendOrigin = 'client' | 'coordinator'

export type Verdict =
  | { readonly type: 'new' }
  | { readonly type: 'duplicate'; readonly baseOffset: number; readonly lastOffset: number }
  | { readonly type: 'refused'; readonly error: KafkaError }

/** What a log has to keep of a producer to know it again. */
export interface ProducerTail {
  /** Of its last batch; null if it wrote none since its epoch began. */
  readonly lastDataOffset: number | null
  readonly epoch: number
}

/** The end of a transaction as a coordinator orders it (K-R26). */
export interface EndMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly result: 'commit' | 'abort'
}

interface CachedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
}

interface ProducerState {
  epoch: number
  /** Oldest first, at most CACHED_BATCHES. */
  batches: CachedBatch[]
  coordinatorEpoch: number
  lastAppendAt: number
}

const CACHED_BATCHES = 5
const SEQUENCE_MAX = 2_147_483_647
const NEW: Verdict = { type: 'new' }

export class ProducerStates {
  readonly #mutants: Mutants
  readonly #expirationMs: number
  readonly #states = new Map<number, ProducerState>()
  /** Producer id → first offset of its open transaction. Offsets only grow, so the first entry is the lowest. */
  readonly #open = new Map<number, number>()

  constructor(mutants: Mutants, expirationMs: number) {
    this.#mutants = mutants
    this.#expirationMs = expirationMs
  }

  /** The first offset of all open transactions, null when none is open. */
  get firstOpenOffset(): number | null {
    for (const offset of this.#open.values()) return offset
    return null
  }

  /** Open transactions by producer id, lowest first offset first. */
  get open(): ReadonlyMap<number, number> {
    return this.#open
  }

  tails(): ReadonlyMap<number, ProducerTail> {
    return new Map(
      [...this.#states].map(([producerId, { epoch, batches }]) => {
        return [producerId, { epoch, lastDataOffset: batches.at(-1)?.lastOffset ?? null }]
      }),
    )
  }

  hasOpenTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#open.has(producerId) && this.#states.get(producerId)?.epoch === producerEpoch
  }

  check(batch: ProducedBatch, origin: AppendOrigin, now: number): Verdict {
    const state = this.#find(batch.producerId, now)
    // K-R13: of a producer that is not known (any more) every sequence is accepted.
    if (state === undefined) return NEW
    const isStale = batch.producerEpoch < state.epoch
    if (isStale && !this.#mutants.active('no-epoch-check')) {
      return { type: 'refused', error: 'INVALID_PRODUCER_EPOCH' }
    }
    if (origin === 'client' && !isStale) {
      const verdict = checkSequence(state, batch)
      if (verdict.type !== 'new' && !this.#mutants.active('no-sequence-check')) return verdict
    }
    if (!batch.isTransactional && this.#open.has(batch.producerId)) {
      // K-R17
      return { type: 'refused', error: 'INVALID_TXN_STATE' }
    }
    return NEW
  }

  /** A batch that passed `check` is in the log. */
  appended(batch: ProducedBatch, origin: AppendOrigin, baseOffset: number, now: number): void {
    const state = this.#enter(batch.producerId, batch.producerEpoch, now)
    if (origin === 'client' && batch.producerEpoch === state.epoch) {
      state.batches.push({
        firstSequence: batch.baseSequence,
        lastSequence: lastSequence(batch),
        baseOffset,
        lastOffset: baseOffset + batch.records.length - 1,
      })
      if (state.batches.length > CACHED_BATCHES) state.batches.shift()
    }
    if (batch.isTransactional && !this.#open.has(batch.producerId)) {
      this.#open.set(batch.producerId, baseOffset)
    }
  }

  /** K-R26: markers of an older epoch or of a coordinator that was replaced are refused. */
  accepts(marker: EndMarker): boolean {
    const state = this.#states.get(marker.producerId)
    if (state === undefined) return true
    return marker.producerEpoch >= state.epoch && marker.coordinatorEpoch >= state.coordinatorEpoch
  }

  /** A marker is in the log: returns the first offset of the transaction it ended, null if there was none (K-R7). */
  ended(marker: EndMarker, now: number): number | null {
    const state = this.#enter(marker.producerId, marker.producerEpoch, now)
    state.coordinatorEpoch = marker.coordinatorEpoch
    const firstOffset = this.#open.get(marker.producerId)
    this.#open.delete(marker.producerId)
    return firstOffset ?? null
  }

  #find(producerId: number, now: number): ProducerState | undefined {
    const state = this.#states.get(producerId)
    if (state === undefined) return undefined
    // K-R16, checked on access instead of by a timer.
    const isIdle = now - state.lastAppendAt >= this.#expirationMs && !this.#open.has(producerId)
    if (!isIdle) return state
    this.#states.delete(producerId)
    return undefined
  }

  #enter(producerId: number, producerEpoch: number, now: number): ProducerState {
    let state = this.#states.get(producerId)
    if (state === undefined) {
      state = { epoch: producerEpoch, batches: [], coordinatorEpoch: -1, lastAppendAt: now }
      this.#states.set(producerId, state)
    } else if (producerEpoch > state.epoch) {
      // K-R12: a new epoch starts with an empty cache.
      state.epoch = producerEpoch
      state.batches = []
    }
    state.lastAppendAt = now
    return state
  }
}

/** Sequences count records modulo 2^31. */
function lastSequence(batch: ProducedBatch): number {
  return (batch.baseSequence + batch.records.length - 1) % (SEQUENCE_MAX + 1)
}

function checkSequence(state: ProducerState, batch: ProducedBatch): Verdict {
  const first = batch.baseSequence
  if (batch.producerEpoch !== state.epoch) {
    // K-R12
    return first === 0 ? NEW : { type: 'refused', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
  }
  const last = lastSequence(batch)
  for (const cached of state.batches) {
    // K-R14: exactly the same range; the payload is not compared.
    if (cached.firstSequence === first && cached.lastSequence === last) {
      return { type: 'duplicate', baseOffset: cached.baseOffset, lastOffset: cached.lastOffset }
    }
  }
  const previous = state.batches.at(-1)?.lastSequence ?? -1
  const expected = previous === SEQUENCE_MAX ? 0 : previous + 1
  return first === expected ? NEW : { type: 'refused', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
}
