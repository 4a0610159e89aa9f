// A log of changes over the simulated cluster, beside a model of what each checkpoint must give back. Whole states are the
// model's own. The cleaner is ordered to clean whenever a test says so.

import { checkpointId, attemptId, subtaskId, vertexId } from '../../../engine/ids.ts'
import type { CheckpointId } from '../../../engine/ids.ts'
import { decodeCommittables } from '../../../engine/sink/kafka-sink-state.ts'
import type { Committable } from '../../../engine/sink/sink-transaction.ts'
import { KafkaClient } from '../../../engine/kafka/kafka-client.ts'
import { Mutants } from '../../../engine/mutants.ts'
import type { AnyMutant } from '../../../engine/mutants.ts'
import type { LogLine } from '../../../engine/state/changelog/state-log.ts'
import type { LogRange } from '../../../engine/state/lsm/run-manifest.ts'
import { CHANGELOG_PREFIX, KafkaLog } from '../../../engine/changelog/kafka-log.ts'
import { readChanges } from '../../../engine/changelog/read-changes.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'

export const TOPIC = 'changelog-sum'

export type Rows = ReadonlyMap<number, number>

interface Whole {
  readonly line: LogLine
  readonly rows: Rows
}

export interface Checkpoint {
  readonly id: CheckpointId
  /** Of the life that took it. */
  readonly attempt: number
  readonly rows: Rows
  readonly whole: Whole
  readonly range: LogRange | null
  readonly committables: readonly Committable[]
}

/** Completed; or the writer dies then, and never heard of it, or has begun to commit. */
export type CheckpointEnd = 'completed' | 'aborted' | 'dies-untold' | 'dies-told'

export interface LogWorldOptions {
  /** Checkpoints that the world keeps. */
  readonly retained?: number
  /** What the log believes of it. Default: the truth. */
  readonly believed?: number
  readonly mutant?: AnyMutant
  /** Default 1. */
  readonly partitions?: number
  /** The last of all subtasks. Default 0. */
  readonly subtaskIndex?: number
}

const EVERYTHING = { first: 0, last: 127 }

export class LogWorld {
  readonly runtime = new FakeRuntime()
  readonly broker: ClusterBroker
  readonly failures: string[] = []
  readonly #options: LogWorldOptions
  readonly #mutants: Mutants
  #log: KafkaLog
  #line: LogLine = 0
  #attempt = 0
  #latest = 0
  readonly #rows = new Map<number, number>()
  readonly #changed = new Set<number>()
  /** The newest that is stored. */
  #whole: Whole = { line: 0, rows: new Map() }
  #former: Whole = this.#whole
  retained: readonly Checkpoint[] = []

  constructor(options: LogWorldOptions = {}) {
    this.#options = options
    this.#mutants = new Mutants(options.mutant ?? null)
    const compaction = { deleteRetentionMs: 1 }
    const topics = [{ topic: TOPIC, partitions: options.partitions ?? 1, compaction }]
    this.broker = new ClusterBroker(this.runtime, { topics }, this.#mutants)
    this.#log = this.#open(null)
  }

  change(row: number, value: number | null): void {
    if (value === null) this.#rows.delete(row)
    else this.#rows.set(row, value)
    this.#changed.add(row)
  }

  /**
   * Cleans at each of the given stages: written, prepared, completed, committed. `materializes`: the whole state of this
   * moment is stored, too, before anything of the batch is written.
   */
  checkpoint(
    end: CheckpointEnd = 'completed',
    cleansAt: readonly number[] = [],
    materializes = false,
  ): Checkpoint {
    this.#latest += 1
    const id = checkpointId(this.#latest)
    const base = this.retained.at(-1) ?? null
    // Lines count from the beginning of a life.
    if (base?.attempt === this.#attempt && base.whole.line > this.#former.line) {
      this.#former = base.whole
      this.#log.truncate(base.whole.line, base.id)
    }
    this.#line += 1
    const whole = this.#whole
    const request = { checkpoint: id, base: base?.id ?? null }
    const part = this.#log.between(whole.line, this.#line, request)
    if (materializes) {
      this.#log.divide(this.#line)
      this.#whole = { line: this.#line, rows: new Map(this.#rows) }
    }
    const changes = [...this.#changed].sort((a, b) => a - b).map((row) => this.#changeOf(row))
    this.#changed.clear()
    this.#log.write(this.#line, id, changes)
    this.#cleanIf(cleansAt, 0)
    let isWritten = false
    part.whenWritten(() => {
      isWritten = true
    })
    for (let ms = 0; !isWritten && ms < 5000; ms += 1) this.runtime.advance(1)
    if (!isWritten) throw new Error(`Checkpoint ${id} is never written.`)
    const entries = this.#log.operatorState(id)
    const committables = decodeCommittables(entries, CHANGELOG_PREFIX)
    const rows = new Map(this.#rows)
    const attempt = this.#attempt
    const checkpoint = { id, attempt, rows, whole, range: part.range(), committables }
    this.#cleanIf(cleansAt, 1)
    if (end === 'aborted') return checkpoint
    this.retained = [...this.retained, checkpoint].slice(-(this.#options.retained ?? 1))
    if (end !== 'dies-untold') this.#log.complete(id)
    this.#cleanIf(cleansAt, 2)
    if (end !== 'completed') this.crash()
    this.runtime.advance(100)
    this.#cleanIf(cleansAt, 3)
    return checkpoint
  }

  /** What is in the topic. */
  get records(): number {
    return this.broker.cluster.readUncommitted(TOPIC, 0).length
  }

  compact(): number {
    // Tombstones and markers are old by now.
    this.runtime.advance(2)
    return this.broker.cluster.compact(TOPIC)
  }

  /** The process dies, and another one begins with the newest checkpoint. */
  crash(): void {
    this.#log.close()
    const restored = this.retained.at(-1) ?? null
    this.#rows.clear()
    this.#changed.clear()
    this.#line = 0
    this.#log = this.#open(restored)
    if (restored === null) {
      this.#whole = { line: 0, rows: new Map() }
      this.#former = this.#whole
      return
    }
    const rows = this.read(restored)
    if (typeof rows === 'string') throw new Error(rows)
    for (const [row, value] of rows) this.#rows.set(row, value)
    this.#whole = { line: 0, rows: restored.whole.rows }
    this.#former = this.#whole
    if (restored.range !== null) this.#log.continueBehind(restored.range)
  }

  /** What a restore of the checkpoint gives, or why it is refused. */
  read({ whole, range, id }: Checkpoint): Rows | string {
    const rows = new Map(whole.rows)
    if (range === null) return rows
    const client = new KafkaClient(this.runtime, this.broker, 'reader')
    let failure: string | null | undefined
    const { runtime } = this
    const mutants = this.#mutants
    readChanges({
      client,
      runtime,
      mutants,
      range,
      checkpoint: id,
      onRead: (changes) => {
        failure = typeof changes === 'string' ? changes : null
        if (typeof changes === 'string') return
        for (const { key, value } of changes.run.scan(new Uint8Array(0))) {
          if (value === null) rows.delete(key[2] ?? -1)
          else rows.set(key[2] ?? -1, value[0] ?? -1)
        }
      },
    })
    for (let ms = 0; failure === undefined && ms < 30_000; ms += 10) runtime.advance(10)
    client.close()
    if (failure === undefined) throw new Error('The restore hangs.')
    return failure ?? rows
  }

  /** Throws if a checkpoint that is kept cannot be restored to what it was. */
  check(): void {
    for (const checkpoint of this.retained) {
      const rows = this.read(checkpoint)
      if (typeof rows === 'string') throw new Error(rows)
      if (!isSame(rows, checkpoint.rows)) {
        throw new Error(
          `Checkpoint ${checkpoint.id} is ${show(rows)}, not ${show(checkpoint.rows)}.`,
        )
      }
    }
  }

  #changeOf(row: number): { key: Uint8Array; value: Uint8Array | null } {
    const value = this.#rows.get(row)
    return {
      key: Uint8Array.of(0, 0, row),
      value: value === undefined ? null : Uint8Array.of(value),
    }
  }

  #cleanIf(cleansAt: readonly number[], stage: number): void {
    if (cleansAt.includes(stage)) this.compact()
  }

  #open(restored: Checkpoint | null): KafkaLog {
    this.#attempt += 1
    const { runtime, broker } = this
    const { subtaskIndex = 0 } = this.#options
    const log = new KafkaLog({
      client: new KafkaClient(runtime, broker, 'log'),
      runtime,
      keyGroups: EVERYTHING,
      retained: this.#options.believed ?? this.#options.retained ?? 1,
      transactions: {
        runtime,
        mutants: this.#mutants,
        subtask: subtaskId(vertexId('sum'), subtaskIndex),
        subtaskIndex,
        parallelism: subtaskIndex + 1,
        attempt: attemptId(this.#attempt),
        owner: 'The changelog of "sum"',
        topic: TOPIC,
        prefix: 'job-sum-changelog',
        transactionTimeoutMs: 60_000,
        wake: () => undefined,
        fail: (reason) => this.failures.push(reason),
      },
    })
    log.open({
      committables: restored?.committables ?? [],
      restoredFrom: restored?.id ?? null,
      formerParallelism: restored === null ? 0 : 1,
    })
    return log
  }
}

export function isSame(a: Rows, b: Rows): boolean {
  return show(a) === show(b)
}

function show(rows: Rows): string {
  return [...rows]
    .sort(([a], [b]) => a - b)
    .map(([row, value]) => `${row}=${value}`)
    .join(' ')
}
