/**
 * A subtask's part in checkpoints, apart from the alignment of its inputs (Flink SubtaskCheckpointCoordinatorImpl,
 * flink-semantics.md 3.3): each at most once and never an older one, barrier before snapshot, both in one turn; what was
 * aborted before it came is not begun; whatever is not taken is declined, and a marker tells those downstream.
 */
import { released } from '../exchange/barrier-alignment.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import type { Timer } from '../runtime.ts'
import { ChannelCapture } from './channel-capture.ts'
import type { Trigger } from './input-barriers.ts'
import { OutputBarriers } from './output-barriers.ts'
import type { Outputs } from './outputs.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'
import type { SubtaskSnapshots } from './subtask-snapshots.ts'

export interface SubtaskCheckpointsPorts {
  readonly env: SubtaskEnvironment
  readonly outputs: Outputs
  readonly snapshots: SubtaskSnapshots
  schedule(delayMs: number, label: string, callback: () => void): Timer
  /** Processed by this attempt so far. */
  records(): number
}

export class SubtaskCheckpoints {
  readonly #ports: SubtaskCheckpointsPorts
  readonly #barriers: OutputBarriers
  #latest = checkpointId(0)
  /** Aborted before their barriers came. */
  readonly #abortedAhead = new Set<CheckpointId>()
  /** Until all barriers came, of a checkpoint whose records in flight are captured. */
  #releaseCapture: (() => void) | null = null

  constructor(ports: SubtaskCheckpointsPorts) {
    const { env, outputs } = ports
    this.#ports = ports
    this.#barriers = new OutputBarriers(env, outputs, (delayMs, label, callback) =>
      ports.schedule(delayMs, label, callback),
    )
  }

  /** False: it is not taken. */
  take(trigger: Trigger): boolean {
    const { barrier } = trigger
    const { checkpoint } = barrier
    if (checkpoint <= this.#latest) return false
    this.#latest = checkpoint
    const isAborted = this.#abortedAhead.has(checkpoint)
    for (const aborted of this.#abortedAhead) {
      if (aborted <= checkpoint) this.#abortedAhead.delete(aborted)
    }
    if (isAborted) {
      this.#ports.outputs.broadcast({ type: 'cancel-marker', checkpoint })
      return false
    }
    this.#take({ ...trigger, barrier: released(barrier) })
    return true
  }

  /** The barriers came on every channel. */
  captured(checkpoint: CheckpointId, alignmentMs: number, processedBytes: number): void {
    this.#inTurn(() => {
      this.#ports.snapshots.aligned(checkpoint, alignmentMs, processedBytes)
      const release = this.#releaseCapture
      this.#releaseCapture = null
      release?.()
    })
  }

  /** The inputs give it up. */
  abort(checkpoint: CheckpointId, reason: string): void {
    if (checkpoint > this.#latest) this.#latest = checkpoint
    this.#drop(checkpoint)
    this.refuse(checkpoint, reason)
  }

  /** It cannot be taken here. */
  refuse(checkpoint: CheckpointId, reason: string): void {
    this.#ports.outputs.broadcast({ type: 'cancel-marker', checkpoint })
    this.decline(checkpoint, reason, false)
  }

  /** The job master gave it up. */
  notifyAborted(checkpoint: CheckpointId): void {
    if (checkpoint > this.#latest) this.#abortedAhead.add(checkpoint)
    else this.#drop(checkpoint)
  }

  decline(checkpoint: CheckpointId, reason: string, isFailure: boolean): void {
    const { env } = this.#ports
    const { subtask, attempt } = env.deployment
    env.report({ type: 'decline-checkpoint', subtask, attempt, checkpoint, reason, isFailure })
  }

  close(): void {
    this.#barriers.close()
    this.#ports.snapshots.close()
  }

  #drop(checkpoint: CheckpointId): void {
    if (checkpoint === this.#latest) {
      this.#barriers.close()
      this.#releaseCapture = null
    }
    this.#ports.snapshots.abort(checkpoint)
  }

  #take({ barrier, alignmentMs, processedBytes, capture }: Trigger): void {
    const { env, snapshots } = this.#ports
    const { checkpoint } = barrier
    const { mutants, runtime } = env
    const startDelayMs = Math.max(0, runtime.now() - barrier.timestamp - alignmentMs)
    const inFlight = capture ?? new ChannelCapture(env, checkpoint)
    const snapshot = { barrier, startDelayMs, alignmentMs, processedBytes, capture: inFlight }
    const isSentTwice = mutants.active('barrier-sent-twice')
    let release: (() => void) | null = null
    const isWaiting = this.#barriers.send(barrier, inFlight, () => {
      this.#inTurn(() => release?.())
    })
    if (isSentTwice) this.#barriers.send(barrier, inFlight, () => undefined)
    const take = (): void => {
      runtime.trace({
        type: 'snapshot-taken',
        checkpoint,
        subtask: env.deployment.subtask,
        startDelayMs,
        alignmentMs,
        records: this.#ports.records(),
      })
      const begin = snapshots.take(snapshot, (reason) => {
        this.decline(checkpoint, reason, true)
      })
      if (isWaiting) release = snapshots.hold(checkpoint)
      this.#releaseCapture = capture === null ? null : snapshots.hold(checkpoint)
      begin()
    }
    this.#inTurn(take)
  }

  /** In the turn of the barrier. Bug B-2, by a mutant: when records behind it have been processed. */
  #inTurn(action: () => void): void {
    const { env } = this.#ports
    if (!env.mutants.active('snapshot-after-barrier')) {
      action()
      return
    }
    this.#ports.schedule(0, 'late-snapshot', () => {
      this.#ports.schedule(0, 'late-snapshot', action)
    })
  }
}
