/**
 * Sources of one's own: the contract between a user's reader and the engine. A reader must be deterministic: after a
 * restart it is made anew from its last snapshot and has to emit the same records again.
 * Source: Flink SourceReader (FLIP-27), without enumerator: a reader knows by its index which splits are its own.
 */

/** What a reader emits to. */
export interface CustomSourceOutput<T> {
  /** `timestamp` in ms; null: none. */
  emit(value: T, timestamp: number | null): void
  /** Only for sources that emit watermarks of their own: with a strategy at `fromSource` they are dropped. In ms. */
  emitWatermark(watermark: number): void
  /** Nothing will come for a while: others need not wait for this subtask. A watermark ends it. */
  markIdle(): void
  markActive(): void
}

export interface CustomSourceContext {
  readonly subtaskIndex: number
  readonly parallelism: number
  /** The clock in whole ms. */
  processingTime(): number
  /** Calls back after `delayMs`, and polls again then. */
  schedule(delayMs: number, callback: () => void): void
  /** Polls again after `idle`. */
  wake(): void
  /**
   * Whether it reads what has piled up: then checkpoints come at `checkpointing.intervalDuringBacklogMs`. Until it says so
   * it does not (Flink SplitEnumeratorContext.setIsProcessingBacklog).
   */
  setBacklog(isBacklog: boolean): void
}

export interface CustomSourceReader<T> {
  /**
   * Emits at most one record, and any watermarks. `idle`: nothing for now, poll again after `wake` or `schedule`.
   * `finished`: this reader has emitted everything.
   */
  poll(output: CustomSourceOutput<T>): 'emitted' | 'idle' | 'finished'
  /** The state of each of its splits. When the parallelism changes they are dealt out anew. */
  snapshot(): readonly unknown[]
  close?(): void
}

/** Made by the user for `customSource`. */
export interface CustomSource<T> {
  /** For messages. */
  readonly name: string
  readonly isBounded: boolean
  /** It sends watermarks by itself, so that it needs no strategy. Default false. */
  readonly emitsWatermarks?: boolean
  /** `restored` is what `snapshot` gave, and null on a fresh start. */
  createReader(
    context: CustomSourceContext,
    restored: readonly unknown[] | null,
  ): CustomSourceReader<T>
}
