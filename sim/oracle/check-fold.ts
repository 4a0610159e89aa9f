/**
 * The state invariants of one keyed operator: folds its records key by key in the reference model and compares the state
 * with what every completed checkpoint stored (S1). A checkpoint must cut each key's fold at one point (S2).
 */
import type { StreamGraph, StreamNode } from '../../engine/job/stream-graph.ts'
import type { History, OutputPartition } from '../history/history.ts'
import { Cut, keyIdentity } from './cut.ts'
import { FoldOrder } from './fold-order.ts'
import type { OriginIndex } from './origin-index.ts'
import type { KeyState } from './model-states.ts'
import { isBehind, isBehindFold, sinksBehind, upstreamOf } from './reference-model.ts'
import type { ModelRecord } from './reference-model.ts'
import { sameValue, show } from './same-value.ts'
import type { Violations } from './violation.ts'

type RunOperator = (record: ModelRecord, key: unknown, state: KeyState) => void

interface KeyFold {
  readonly key: unknown
  readonly identity: unknown
  readonly ordered: readonly ModelRecord[]
  readonly isUncertain: boolean
  readonly state: KeyState
  /** Records of `ordered` that were folded. */
  done: number
}

export interface FoldCheckOptions {
  readonly graph: StreamGraph
  readonly node: StreamNode
  readonly history: History
  /** Ids of the operators whose input does not come in the order in which it was emitted. */
  readonly reordered: ReadonlySet<number>
  /** The values that come in are a guess, and so are their keys. */
  readonly isInputUncertain: boolean
  /** The order in which they come in is a guess. */
  readonly isOrderUncertain: boolean
}

export class FoldCheck {
  readonly #node: StreamNode
  readonly #origins: OriginIndex
  readonly #violations: Violations
  readonly #order: FoldOrder
  readonly #isInputOrder: boolean
  readonly #isInputUncertain: boolean
  readonly #isOrderUncertain: boolean
  /** A record may reach the operator on several ways. */
  readonly #isBranching: boolean
  readonly #cuts: readonly Cut[]
  /** Numbers of records whose values cannot be judged, because the order of their fold is not to be seen. */
  readonly uncertain: number[] = []
  uncertainKeys = 0

  constructor(
    { graph, node, history, reordered, isInputUncertain, isOrderUncertain }: FoldCheckOptions,
    origins: OriginIndex,
    violations: Violations,
  ) {
    this.#node = node
    this.#isInputUncertain = isInputUncertain
    this.#isOrderUncertain = isOrderUncertain
    this.#origins = origins
    this.#violations = violations
    const sinks = sinksBehind(graph, node, reordered)
    this.#order = new FoldOrder(
      history.outputs.filter((output) => isEvidence(output, sinks)),
      origins,
    )
    const upstream = upstreamOf(graph, node)
    this.#isBranching = upstream.isBranching
    this.#isInputOrder =
      !this.#isBranching && !isBehindFold(graph, node) && !isBehind(graph, node, reordered)
    this.#cuts = origins.isAmbiguous
      ? []
      : history.checkpoints.map((record) => new Cut(record, node, origins, upstream.uids))
  }

  run(
    records: readonly ModelRecord[],
    keySelector: (value: unknown) => unknown,
    runOperator: RunOperator,
  ): void {
    const perKey = groupByKey(records, keySelector)
    const shared = sharedOrigins(perKey)
    const repeated = repeatedOrigins(records)
    for (const [identity, { key, list }] of perKey) {
      const fold = this.#arrange(identity, key, list, shared)
      for (const cut of this.#cuts) {
        this.#foldUntil(fold, (origin) => cut.covers(origin), runOperator)
        if (!this.#isHalfWay(cut, fold, repeated)) this.#checkCut(cut, fold)
      }
      this.#foldUntil(fold, () => true, runOperator)
    }
    if (this.#isInputUncertain) return
    for (const cut of this.#cuts) this.#checkStrangers(cut, perKey)
  }

  /** Of some record's descendants one may be folded while another was overtaken: that does not show. */
  #isHalfWay(cut: Cut, { ordered }: KeyFold, repeated: ReadonlySet<number>): boolean {
    if (cut.record.channels.length === 0) return false
    return ordered.some(
      ({ origin }) => cut.isInFlight(origin) && (this.#isBranching || repeated.has(origin)),
    )
  }

  #arrange(
    identity: unknown,
    key: unknown,
    list: readonly ModelRecord[],
    shared: ReadonlySet<number>,
  ): KeyFold {
    const hasEvidence = !this.#isOrderUncertain && !list.some(({ origin }) => shared.has(origin))
    const arranged = hasEvidence
      ? this.#order.arrange(list, this.#isInputOrder)
      : this.#order.arrangeWithoutEvidence(list, this.#isInputOrder)
    const { ordered, inverted } = arranged
    const isOrdered = list.length < 2 || !this.#isOrderUncertain
    const isUncertain = arranged.isUncertain || this.#isInputUncertain || !isOrdered
    if (inverted !== null) {
      this.#violations.add(
        'T3',
        `The output of ${this.#origins.nameOf(inverted.origin)} (key ${show(key)}) came out before that of an ` +
          'earlier record of the same key and partition.',
      )
    }
    if (isUncertain) {
      this.uncertainKeys += 1
      for (const { origin } of ordered) this.uncertain.push(origin)
    }
    return { key, identity, ordered, isUncertain, state: new Map(), done: 0 }
  }

  #foldUntil(fold: KeyFold, covers: (origin: number) => boolean, runOperator: RunOperator): void {
    const { ordered, key, state } = fold
    for (; fold.done < ordered.length; fold.done++) {
      const record = ordered[fold.done]
      if (record === undefined || !covers(record.origin)) return
      runOperator(record, key, state)
    }
  }

  #checkCut(cut: Cut, fold: KeyFold): void {
    if (fold.isUncertain || !this.#isOneCut(cut, fold)) return
    for (const [name, values] of cut.states) {
      if (!fold.state.has(name))
        this.#checkState(cut, fold, name, values.get(fold.identity), undefined)
    }
    for (const [name, value] of fold.state) {
      if (name === '') continue
      this.#checkState(cut, fold, name, cut.states.get(name)?.get(fold.identity), value)
    }
  }

  /** False, and a violation, when the checkpoint covers a record that was folded after one that it does not cover. */
  #isOneCut(cut: Cut, { ordered, done }: KeyFold): boolean {
    const first = ordered[done]
    for (let i = done + 1; i < ordered.length; i++) {
      const origin = ordered[i]?.origin
      if (origin === undefined || first === undefined || !cut.covers(origin)) continue
      const { checkpoint, seq } = cut.record
      const message =
        `Checkpoint ${checkpoint} covers ${this.#origins.nameOf(origin)} but not ` +
        `${this.#origins.nameOf(first.origin)}, which was folded before it.`
      this.#violations.add('S2', message, seq)
      return false
    }
    return true
  }

  #checkState(cut: Cut, { key }: KeyFold, name: string, stored: unknown, folded: unknown): void {
    if (sameValue(stored, folded)) return
    const { checkpoint, seq } = cut.record
    this.#violations.add(
      'S1',
      `At checkpoint ${checkpoint} the state "${name}" of key ${show(key)} in "${this.#node.uid}" is ` +
        `${show(stored)}, the fold of the records before the cut gives ${show(folded)}.`,
      seq,
    )
  }

  /** Keys in a snapshot that no record of the input has. */
  #checkStrangers(cut: Cut, perKey: ReadonlyMap<unknown, unknown>): void {
    const { checkpoint, seq } = cut.record
    for (const [state, values] of cut.states) {
      for (const identity of values.keys()) {
        if (perKey.has(identity)) continue
        const message = `Checkpoint ${checkpoint} has state "${state}" for key ${show(identity)}, which is in no record.`
        this.#violations.add('S1', message, seq)
      }
    }
  }
}

/** What several sinks write, or what was written by attempts that failed, does not show the order of one fold. */
function isEvidence({ sinks, delivery }: OutputPartition, behind: ReadonlySet<string>): boolean {
  return (
    delivery === 'exactly-once' && sinks.length === 1 && sinks.every((sink) => behind.has(sink))
  )
}

function groupByKey(
  records: readonly ModelRecord[],
  keySelector: (value: unknown) => unknown,
): Map<unknown, { readonly key: unknown; readonly list: ModelRecord[] }> {
  const perKey = new Map<unknown, { readonly key: unknown; readonly list: ModelRecord[] }>()
  for (const record of records) {
    const key = keySelector(record.value)
    const identity = keyIdentity(key)
    const group = perKey.get(identity)
    if (group === undefined) perKey.set(identity, { key, list: [record] })
    else group.list.push(record)
  }
  return perKey
}

/** Input records that are folded more than once. */
function repeatedOrigins(records: readonly ModelRecord[]): ReadonlySet<number> {
  const seen = new Set<number>()
  const repeated = new Set<number>()
  for (const { origin } of records) (seen.has(origin) ? repeated : seen).add(origin)
  return repeated
}

/** Input records that are folded under several keys: their outputs do not tell which key they belong to. */
function sharedOrigins(
  perKey: ReadonlyMap<unknown, { readonly list: readonly ModelRecord[] }>,
): ReadonlySet<number> {
  const owner = new Map<number, unknown>()
  const shared = new Set<number>()
  for (const [identity, { list }] of perKey) {
    for (const { origin } of list) {
      if (owner.has(origin) && owner.get(origin) !== identity) shared.add(origin)
      owner.set(origin, identity)
    }
  }
  return shared
}
