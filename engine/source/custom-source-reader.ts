/** Runs the reader of a custom source: state by split, one split for timestamps and watermarks. */
import { BUFFER_RECORDS_MAX, NO_TIMESTAMP } from '../element.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { InvariantViolation, present } from '../assert.ts'
import { ConfigurationError, UserFunctionError } from '../errors.ts'
import type { OperatorContext, OperatorSnapshot } from '../operator/operator.ts'
import { JOB_MASTER } from '../ids.ts'
import { binary } from '../serializer.ts'
import type {
  CustomSource,
  CustomSourceContext,
  CustomSourceOutput,
  CustomSourceReader as UserReader,
} from './custom-source.ts'
import type { SourceOutput, SplitOutput } from './source-output.ts'
import type { PollResult, SourceReader } from './source-reader.ts'

const SPLITS = 'custom-splits'

export class CustomSourceReader implements SourceReader {
  readonly uid: string
  readonly #source: CustomSource<unknown>
  readonly #context: OperatorContext
  readonly #output: SourceOutput
  readonly #userOutput: CustomSourceOutput<unknown>
  #split: SplitOutput | null = null
  #reader: UserReader<unknown> | null = null
  /** What the user's reader said; null: nothing. */
  #isBacklog: boolean | null = null
  /** Records of this poll of the user's reader. */
  #emitted = 0
  /** The next record was asked for and did not come yet. */
  #isExpected = false

  constructor(source: CustomSource<unknown>, context: OperatorContext, output: SourceOutput) {
    this.uid = context.uid
    this.#source = source
    this.#context = context
    this.#output = output
    this.#userOutput = {
      emit: (value, timestamp) => {
        this.#emit(value, timestamp)
      },
      emitWatermark: (watermark) => {
        output.emitWatermark(watermark)
      },
      markIdle: () => {
        output.markIdle()
      },
      markActive: () => {
        output.markActive()
      },
    }
  }

  open(restored: readonly OperatorStateEntry[]): void {
    const state = restored.find(({ name }) => name === SPLITS)
    const splits = state === undefined ? null : state.items.map((item) => binary.decode(item))
    this.#split = this.#output.addSplit(`${this.#source.name} ${this.#context.subtaskIndex}`)
    this.#reader = this.#call(() => this.#source.createReader(this.#userContext(), splits))
  }

  poll(mayEmit: () => boolean): PollResult {
    const { provenance } = this.#context
    if (provenance.isOn) provenance.current = []
    const reader = this.#opened()
    for (let polled = 0; polled < BUFFER_RECORDS_MAX; polled++) {
      if (this.#split?.isPaused === true) return polled === 0 ? 'idle' : 'emitted'
      if (!this.#isExpected && !mayEmit()) return 'emitted'
      this.#emitted = 0
      const result = this.#call(() => reader.poll(this.#userOutput))
      this.#isExpected = this.#emitted === 0
      if (result === 'finished') this.#finish()
      // After a watermark the outputs may be full: the subtask looks before it polls again.
      if (result !== 'emitted' || this.#isExpected) return result
    }
    return 'emitted'
  }

  snapshot(): OperatorSnapshot {
    const reader = this.#opened()
    const items = this.#call(() => reader.snapshot().map((split) => binary.encode(split)))
    return () => [{ name: SPLITS, redistribution: 'split', items }]
  }

  repeatReports(): void {
    const isBacklog = this.#isBacklog
    if (isBacklog === null) return
    const { runtime, subtask, attempt } = this.#context
    const event = { type: 'backlog-reported', isBacklog } as const
    runtime.send(JOB_MASTER, { type: 'reader-event', subtask, attempt, event })
  }

  close(): void {
    this.#reader?.close?.()
  }

  #emit(value: unknown, timestamp: number | null): void {
    this.#emitted += 1
    if (this.#emitted > 1) {
      throw new ConfigurationError(
        'too-many-records',
        `The source "${this.#source.name}" emitted two records in one poll; emit one and be polled again.`,
      )
    }
    this.#split?.collector.emit(value, timestamp ?? NO_TIMESTAMP)
  }

  #finish(): void {
    // In front of a hybrid source's next one, nothing of this one may stay.
    this.#output.markActive()
    this.#split?.release()
    this.#split = null
  }

  #userContext(): CustomSourceContext {
    const context = this.#context
    const { subtaskIndex, parallelism } = context
    return {
      subtaskIndex,
      parallelism,
      processingTime: () => context.processingTime(),
      schedule: (delayMs, callback) => {
        context.schedule(delayMs, 'custom-source', () => {
          this.#call(callback)
          context.wake()
        })
      },
      wake: () => {
        context.wake()
      },
      setBacklog: (isBacklog) => {
        this.#isBacklog = isBacklog
        this.repeatReports()
      },
    }
  }

  #opened(): UserReader<unknown> {
    return present(this.#reader, `The source "${this.#source.name}" was not opened.`)
  }

  #call<R>(call: () => R): R {
    try {
      return call()
    } catch (error) {
      const isOurs = error instanceof InvariantViolation || error instanceof ConfigurationError
      if (isOurs || error instanceof UserFunctionError) throw error
      throw new UserFunctionError(this.#context.name, error)
    }
  }
}
