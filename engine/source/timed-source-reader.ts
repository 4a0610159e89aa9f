/**
 * Around the reader of a source with a watermark strategy: asks the generators from time to time, and keeps the subtask
 * in step with its alignment group. Source: Flink SourceOperator.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { MAX_WATERMARK } from '../element.ts'
import type { CheckpointId } from '../ids.ts'
import { JOB_MASTER } from '../ids.ts'
import type { OperatorEvent } from '../messages.ts'
import type { OperatorContext, OperatorSnapshot, SnapshotContext } from '../operator/operator.ts'
import type { Timer } from '../runtime.ts'
import type { SourceWatermarks } from '../time/source-watermarks.ts'
import type { WatermarkAlignment } from '../time/watermark-strategy.ts'
import type { SourceOutput } from './source-output.ts'
import type { PollResult, SourceReader } from './source-reader.ts'

export class TimedSourceReader implements SourceReader {
  readonly uid: string
  readonly #reader: SourceReader
  readonly #output: SourceOutput
  readonly #watermarks: SourceWatermarks
  readonly #alignment: WatermarkAlignment | null
  readonly #context: OperatorContext
  readonly #timers = new Map<string, Timer>()
  /** The last poll emitted; so if nobody polls again, the output takes nothing. */
  #hasMore = false
  #wasPolled = false

  constructor(
    reader: SourceReader,
    output: SourceOutput,
    watermarks: SourceWatermarks,
    alignment: WatermarkAlignment | null,
    context: OperatorContext,
  ) {
    this.uid = reader.uid
    this.#reader = reader
    this.#output = output
    this.#watermarks = watermarks
    this.#alignment = alignment
    this.#context = context
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    this.#reader.open?.(restored, restoredFrom)
    const { autoWatermarkIntervalMs } = this.#context
    if (autoWatermarkIntervalMs > 0) {
      this.#repeat('source-watermark', autoWatermarkIntervalMs, () => {
        this.#emitPeriodically()
      })
    }
    if (this.#alignment !== null) {
      this.#repeat('watermark-report', this.#alignment.updateIntervalMs, () => {
        const watermark = this.#watermarks.findReport()
        if (watermark !== undefined) this.#report(watermark)
      })
    }
  }

  handleEvent(event: OperatorEvent): void {
    if (event.type === 'watermark-bound') this.#watermarks.announce(event.maxAllowed)
    else this.#reader.handleEvent?.(event)
  }

  poll(mayEmit: () => boolean): PollResult {
    this.#wasPolled = true
    this.#hasMore = false
    if (this.#watermarks.isWaiting) return 'idle'
    const result = this.#reader.poll(mayEmit)
    this.#hasMore = result === 'emitted'
    if (result === 'finished') this.#finish()
    return result
  }

  snapshot(context: SnapshotContext): OperatorSnapshot {
    return this.#reader.snapshot?.(context) ?? (() => [])
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#reader.notifyComplete?.(checkpoint)
  }

  notifyAborted(checkpoint: CheckpointId): void {
    this.#reader.notifyAborted?.(checkpoint)
  }

  close(): void {
    this.#cancelTimers()
    this.#reader.close?.()
  }

  #emitPeriodically(): void {
    this.#watermarks.setBackPressured(this.#hasMore && !this.#wasPolled)
    this.#wasPolled = false
    this.#output.emitPeriodically()
  }

  /** Whoever has finished holds nobody of its group back. */
  #finish(): void {
    this.#cancelTimers()
    this.#output.finish()
    if (this.#alignment !== null) this.#report(MAX_WATERMARK)
  }

  #report(watermark: number): void {
    const { runtime, subtask, attempt } = this.#context
    runtime.send(JOB_MASTER, {
      type: 'reader-event',
      subtask,
      attempt,
      event: { type: 'watermark-reported', watermark },
    })
  }

  #repeat(label: string, intervalMs: number, action: () => void): void {
    const timer = this.#context.schedule(intervalMs, label, () => {
      this.#repeat(label, intervalMs, action)
      action()
    })
    this.#timers.set(label, timer)
  }

  #cancelTimers(): void {
    for (const timer of this.#timers.values()) this.#context.cancel(timer)
  }
}
