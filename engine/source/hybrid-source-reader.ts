/**
 * Reads one source after the other. A reader that has read its part of one reports it and waits: the next begins when
 * the coordinator says so, for all readers on the same side of a checkpoint. The snapshot tells which source is active;
 * the state of each lies under its number, as `1/splits`. Source: Flink HybridSourceReader.
 */
import { assert, present } from '../assert.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { NO_TIMESTAMP } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import { JOB_MASTER } from '../ids.ts'
import type { OperatorEvent } from '../messages.ts'
import type {
  Collector,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
} from '../operator/operator.ts'
import { binary } from '../serializer.ts'
import { encodeSplits } from './kafka-source-reader.ts'
import type { PollResult, SourceReader } from './source-reader.ts'
import type { HybridSourceSpec, PlainSourceSpec } from './source-spec.ts'

/** The same for all subtasks but for `lastTimestamp`, of which the greatest counts: so everybody gets all of them. */
interface HybridState {
  readonly source: number
  readonly lastTimestamp: number
}

const HYBRID = 'hybrid'

export class HybridSourceReader implements SourceReader {
  readonly uid: string
  readonly #spec: HybridSourceSpec
  readonly #context: OperatorContext
  readonly #createReader: (spec: PlainSourceSpec) => SourceReader
  readonly #timestamps: LastTimestamp
  #source = 0
  #active: SourceReader | null = null
  /** State of the sources before the active one. */
  #ended: OperatorStateEntry[] = []
  #hasReported = false

  /** The readers of `createReader` emit into `timestamps`. */
  constructor(
    spec: HybridSourceSpec,
    context: OperatorContext,
    timestamps: LastTimestamp,
    createReader: (spec: PlainSourceSpec) => SourceReader,
  ) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    this.#timestamps = timestamps
    this.#createReader = createReader
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    const states = restored
      .filter(({ name }) => name === HYBRID)
      .flatMap(({ items }) => items.map((item) => binary.decode(item) as HybridState))
    for (const { source, lastTimestamp } of states) {
      this.#source = Math.max(this.#source, source)
      this.#timestamps.note(lastTimestamp)
    }
    const active: OperatorStateEntry[] = []
    for (const entry of restored) {
      const slash = entry.name.indexOf('/')
      if (slash < 0) continue
      if (Number(entry.name.slice(0, slash)) < this.#source) this.#ended.push(entry)
      else active.push({ ...entry, name: entry.name.slice(slash + 1) })
    }
    this.#begin(active, restoredFrom)
  }

  handleEvent(event: OperatorEvent): void {
    if (event.type === 'switch-source') this.#switchTo(event.source)
    else this.#reader.handleEvent?.(event)
  }

  poll(mayEmit: () => boolean): PollResult {
    if (this.#hasReported) return 'idle'
    const result = this.#reader.poll(mayEmit)
    if (result !== 'finished' || this.#isLast) return result
    this.#hasReported = true
    this.#reportFinished()
    return 'idle'
  }

  repeatReports(): void {
    if (this.#hasReported) this.#reportFinished()
  }

  snapshot(context: SnapshotContext): OperatorSnapshot {
    const state: HybridState = { source: this.#source, lastTimestamp: this.#timestamps.value }
    const hybrid: OperatorStateEntry = {
      name: HYBRID,
      redistribution: 'union',
      items: [binary.encode(state)],
    }
    const ended = [...this.#ended]
    const source = this.#source
    const active = this.#reader.snapshot?.(context)
    return () => [
      hybrid,
      ...ended,
      ...(active?.() ?? []).map((entry) => ({ ...entry, name: `${source}/${entry.name}` })),
    ]
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#reader.notifyComplete?.(checkpoint)
  }

  close(): void {
    this.#active?.close?.()
  }

  get #isLast(): boolean {
    return this.#source === this.#spec.sources.length - 1
  }

  #reportFinished(): void {
    const { runtime, subtask, attempt } = this.#context
    runtime.send(JOB_MASTER, {
      type: 'reader-event',
      subtask,
      attempt,
      event: {
        type: 'source-finished',
        source: this.#source,
        lastTimestamp: this.#timestamps.value,
        offsets: this.#reader.endOffsets ?? [],
      },
    })
  }

  #switchTo(source: number): void {
    assert(
      source === this.#source + 1 && this.#hasReported,
      `${this.#context.subtask} was told to go from source ${this.#source} to ${source}.`,
    )
    const { endOffsets } = this.#reader
    if (endOffsets !== undefined) {
      const entry = encodeSplits(endOffsets)
      this.#ended.push({ ...entry, name: `${this.#source}/${entry.name}` })
    }
    this.#reader.close?.()
    this.#source = source
    this.#hasReported = false
    this.#begin([], null)
  }

  #begin(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    const spec = this.#spec.sources[this.#source]
    const reader = this.#createReader(present(spec, `${this.uid} has no source ${this.#source}.`))
    this.#active = reader
    reader.open?.(restored, restoredFrom)
  }

  get #reader(): SourceReader {
    return present(this.#active, `The source "${this.uid}" was not opened.`)
  }
}

/** Lets records through and remembers the greatest timestamp. */
export class LastTimestamp implements Collector {
  readonly #collector: Collector
  #value = NO_TIMESTAMP

  constructor(collector: Collector) {
    this.#collector = collector
  }

  get value(): number {
    return this.#value
  }

  emit(value: unknown, timestamp: number): void {
    this.note(timestamp)
    this.#collector.emit(value, timestamp)
  }

  note(timestamp: number): void {
    if (timestamp > this.#value) this.#value = timestamp
  }
}
