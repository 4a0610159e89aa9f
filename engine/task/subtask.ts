/**
 * One attempt of a subtask: takes elements (or source records), runs the chain, aligns barriers, takes snapshots.
 * Everything happens in turns of its worker; a turn handles at most one buffer, so that control messages get in between.
 * Knows nothing of checkpoints being complete, of restarts, or of other subtasks but its channels.
 *
 *   deploying ──▶ initializing (reads its state) ──▶ running ──▶ finished (input ended)
 *        └───────────────┴──────── failed / canceled ◀───┘
 */
import { assert, InvariantViolation, present } from '../assert.ts'
import { isSynchronous } from '../checkpoint/checkpoint-kind.ts'
import { isFinal, MAX_WATERMARK } from '../element.ts'
import type { Barrier } from '../element.ts'
import { describeError } from '../errors.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import { isKeyed } from '../job/stream-graph.ts'
import type { ChannelMessage, OperatorEvent } from '../messages.ts'
import type { Timer } from '../runtime.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import type { SubtaskStatus } from '../trace.ts'
import { readChannelState } from './channel-state.ts'
import { createKeyedState, operatorsOnly } from './create-keyed-state.ts'
import type { SubtaskKeyedState } from './create-keyed-state.ts'
import { OperatorChain } from './operator-chain.ts'
import type { SharedContext } from './operator-chain.ts'
import { createOutputs } from './outputs.ts'
import type { Outputs } from './outputs.ts'
import { ProgressReport } from './progress-report.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'
import type { Trigger } from './input-barriers.ts'
import { SubtaskCheckpoints } from './subtask-checkpoints.ts'
import { SubtaskInput } from './subtask-input.ts'
import type { RecoveredRecords } from './subtask-input.ts'
import { SubtaskSnapshots } from './subtask-snapshots.ts'
import { restoreKeyedState } from './subtask-state.ts'

/** Buffers that stay unfinished no longer than this while the subtask is busy (Flink: 100 ms). */
const BUFFER_TIMEOUT_MS = 100

export class Subtask {
  readonly #env: SubtaskEnvironment
  readonly #chain: OperatorChain
  readonly #outputs: Outputs
  /** Null for a source. */
  readonly #input: SubtaskInput | null
  readonly #keyed: SubtaskKeyedState | null
  readonly #keyedState: KeyedStateBackend | null
  readonly #checkpoints: SubtaskCheckpoints
  readonly #progress: ProgressReport
  #status: SubtaskStatus = 'deploying'
  /** The operators are open: it runs, or processes what was in flight. */
  #isOpen = false
  #isStepScheduled = false
  #lastFlushAt = 0
  #latestReported: CheckpointId
  /** Once the input ended: how many operators, head first, have been told so. */
  #finished: number | null = null
  /** Everything is emitted; the subtask stays for the final checkpoint, which commits it. */
  #awaitsFinal = false
  /** A source that emits what it still holds, before the savepoint with which the job ends. */
  #drain: Barrier | null = null
  /** The checkpoint with which the subtask ends: the final one, or the savepoint of a job that stops. */
  #last: Barrier | null = null
  #isLastComplete = false

  constructor(env: SubtaskEnvironment) {
    this.#env = env
    this.#progress = new ProgressReport(env)
    const { vertex, deployment } = env
    this.#latestReported = deployment.restore?.checkpoint ?? checkpointId(0)
    this.#outputs = createOutputs(env)
    const head = present(vertex.nodes[0], `Vertex ${vertex.id} has no operator.`)
    this.#keyed = isKeyed(head)
      ? createKeyedState(env, {
          fail: (reason) => {
            this.fail(reason)
          },
          wake: () => {
            this.#scheduleStep()
          },
        })
      : null
    this.#keyedState = this.#keyed?.backend ?? null
    this.#chain = new OperatorChain(vertex, this.#outputs.writers, this.#sharedContext())
    this.#input =
      this.#chain.head.type === 'source'
        ? null
        : new SubtaskInput(env, this.#chain, this.#keyedState, {
            onTrigger: (trigger) => {
              this.#takeSnapshot(trigger)
            },
            onCaptured: (checkpoint, alignmentMs, processedBytes) => {
              this.#checkpoints.captured(checkpoint, alignmentMs, processedBytes)
            },
            onAbort: (checkpoint, reason) => {
              this.#checkpoints.abort(checkpoint, reason)
            },
            onEnd: () => {
              this.#finish()
            },
            schedule: (delayMs, label, callback) => this.#schedule(delayMs, label, callback),
          })
    this.#checkpoints = new SubtaskCheckpoints({
      env,
      outputs: this.#outputs,
      snapshots: new SubtaskSnapshots(env, this.#chain, this.#keyed),
      schedule: (delayMs, label, callback) => this.#schedule(delayMs, label, callback),
      records: () => this.#progress.records,
    })
  }

  /** Reads its state, opens the operators, processes what was in flight and begins to take input. */
  start(): void {
    this.#changeStatus('initializing', '')
    this.#keyed?.changelog?.open()
    restoreKeyedState(this.#env, this.#keyed, (failure) => {
      if (this.#status !== 'initializing') return
      if (failure !== null) {
        this.fail(failure)
        return
      }
      readChannelState(this.#env, (recovered) => {
        if (this.#status !== 'initializing') return
        if (typeof recovered === 'string') this.fail(recovered)
        else this.#open(recovered)
      })
    })
  }

  #open(recovered: readonly RecoveredRecords[]): void {
    this.#guard(() => {
      const { restore } = this.#env.deployment
      this.#chain.open(operatorsOnly(restore?.operators ?? []), restore?.checkpoint ?? null)
      if (this.#status !== 'initializing') return
      this.#isOpen = true
      this.#keyed?.changelog?.start()
      this.#input?.recover(recovered)
      this.#runIfRecovered()
      this.#scheduleStep()
    })
  }

  /** No checkpoint can come before: it would have to take along what is still to be recovered. */
  #runIfRecovered(): void {
    if (this.#status !== 'initializing' || this.#input?.isRecovered === false) return
    const { runtime, deployment } = this.#env
    const { restore, subtask } = deployment
    if (restore !== null && restore.channels.length > 0) {
      const { checkpoint } = restore
      const count = this.#progress.records
      runtime.trace({ type: 'channel-state-restored', subtask, checkpoint, count })
    }
    this.#changeStatus('running', '')
    this.#input?.gate.connect()
  }

  receive(message: ChannelMessage): void {
    switch (message.type) {
      case 'element': {
        const input = present(this.#input, `${this.#env.deployment.subtask} has no input.`)
        this.#guard(() => {
          input.receive(message)
        })
        this.#scheduleStep()
        return
      }
      case 'channel-unavailable':
        this.#input?.gate.retryConnect(message.channel)
        return
      case 'connect-channel':
        this.#outputs.channel(message.channel).connect(message.credit)
        this.#scheduleStep()
        return
      case 'channel-broken':
        this.fail(`The connection of channel ${message.channel} broke.`)
        return
      case 'credit':
        this.#outputs.channel(message.channel).addCredit(message.credit)
        this.#scheduleStep()
        return
    }
  }

  /** For sources: puts the barrier between two records. */
  triggerCheckpoint(barrier: Barrier): void {
    const { checkpoint } = barrier
    if (this.#status !== 'running') {
      const reason = `the subtask is ${this.#status}`
      // Behind the end of its output there is nothing to tell anybody.
      if (this.#isEnded) this.#checkpoints.decline(checkpoint, reason, false)
      else this.#checkpoints.refuse(checkpoint, reason)
      return
    }
    this.#guard(() => {
      if (barrier.kind !== 'drain' || this.#awaitsFinal) this.#inject(barrier)
      else this.#startDrain(barrier)
    })
  }

  #inject(barrier: Barrier): void {
    const { runtime, deployment } = this.#env
    const { checkpoint } = barrier
    runtime.trace({ type: 'barrier-injected', checkpoint, subtask: deployment.subtask })
    this.#takeSnapshot({ barrier, alignmentMs: 0, processedBytes: 0, capture: null })
  }

  /** The end of time and of the input come before the barrier (Flink stop-with-savepoint --drain). */
  #startDrain(barrier: Barrier): void {
    if (this.#drain !== null || this.#last !== null) return
    this.#drain = barrier
    if (this.#finished === null) {
      this.#chain.head.link.emitWatermark(MAX_WATERMARK)
      this.#finish()
    }
  }

  notifyComplete(checkpoint: CheckpointId): void {
    if (this.#status !== 'running' || checkpoint <= this.#latestReported) return
    this.#latestReported = checkpoint
    const { runtime, deployment } = this.#env
    runtime.trace({ type: 'completion-received', checkpoint, subtask: deployment.subtask })
    this.#env.copies?.completed(deployment.subtask, checkpoint)
    this.#guard(() => {
      for (const operator of this.#chain.tailToHead) operator.notifyComplete?.(checkpoint)
      this.#keyed?.changelog?.complete(checkpoint, checkpoint === this.#last?.checkpoint)
      if (checkpoint !== this.#last?.checkpoint) return
      this.#isLastComplete = true
      this.#endWhenCommitted()
    })
  }

  notifyAborted(checkpoint: CheckpointId, latestCompleted: CheckpointId | null): void {
    if (this.#status !== 'running') return
    if (latestCompleted !== null) this.notifyComplete(latestCompleted)
    const { runtime, deployment } = this.#env
    runtime.trace({ type: 'abortion-received', checkpoint, subtask: deployment.subtask })
    this.#env.copies?.aborted(deployment.subtask, checkpoint)
    this.#checkpoints.notifyAborted(checkpoint)
    const stopping = this.#last ?? this.#drain
    if (stopping?.checkpoint === checkpoint && isSynchronous(stopping.kind)) {
      // It has put itself behind its last record, and cannot go back (Flink "Stop-with-savepoint failed").
      this.fail(`The savepoint ${checkpoint} with which the job was to stop failed.`)
      return
    }
    this.#guard(() => {
      for (const operator of this.#chain.tailToHead) operator.notifyAborted?.(checkpoint)
    })
  }

  /** One that comes after the end of the attempt must not set a closed reader to work. */
  handleOperatorEvent(operator: string, event: OperatorEvent): void {
    if (this.#isEnded) return
    const { head } = this.#chain
    if (head.type !== 'source' || head.reader.uid !== operator) {
      throw new InvariantViolation(
        `An event for "${operator}" came to ${this.#env.deployment.subtask}.`,
      )
    }
    this.#guard(() => head.reader.handleEvent?.(event))
    this.#scheduleStep()
  }

  /** Says again what may have been lost on its way to the job master. */
  repeatReports(): void {
    const { head } = this.#chain
    if (head.type === 'source' && this.#status === 'running') head.reader.repeatReports?.()
  }

  cancel(): void {
    if (this.#isEnded) return
    this.#end('canceled', '')
  }

  /** Ends the attempt with one sentence. */
  fail(reason: string): void {
    if (this.#isEnded) return
    this.#end('failed', reason)
  }

  get #isEnded(): boolean {
    return this.#status === 'canceled' || this.#status === 'failed' || this.#status === 'finished'
  }

  #scheduleStep(): void {
    if (this.#isStepScheduled || !this.#isOpen) return
    this.#isStepScheduled = true
    this.#env.runtime.schedule(0, 'step', () => {
      this.#isStepScheduled = false
      if (this.#isOpen) this.#guard(() => this.#step())
    })
  }

  /** One turn: one buffer or one control element, if the outputs can take it. */
  #step(): void {
    if (this.#finished !== null && !this.#awaitsFinal) {
      this.#finish()
      return
    }
    if (this.#isLastComplete) {
      this.#endWhenCommitted()
      return
    }
    this.#progress.turnBegins()
    if (this.#chain.isAvailable) this.#chain.resumeTimers()
    if (!this.#chain.isAvailable) {
      this.#outputs.flush()
      return
    }
    const hasWork = this.#input === null ? this.#stepSource() : this.#stepInput(this.#input)
    if (!this.#isOpen) return
    this.#runIfRecovered()
    const hasMore = hasWork || this.#chain.hasHeldTimers
    this.#progress.turnEnded(hasMore)
    this.#flushIfDue(hasMore)
    if (hasMore) this.#scheduleStep()
  }

  #stepSource(): boolean {
    const { head } = this.#chain
    if (head.type !== 'source' || this.#awaitsFinal) return false
    let emitted = 0
    const result = head.reader.poll(() => {
      if (!this.#chain.isAvailable) return false
      emitted += 1
      return true
    })
    if (result === 'finished') {
      head.link.emitWatermark(MAX_WATERMARK)
      this.#finish()
      return false
    }
    this.#spend(emitted)
    return result === 'emitted'
  }

  #stepInput(input: SubtaskInput): boolean {
    this.#spend(input.step())
    return this.#isOpen && input.hasWork
  }

  #spend(records: number): void {
    if (records === 0) return
    const { runtime, deployment } = this.#env
    this.#progress.processed(records)
    runtime.spend({ records, bytes: 0 })
    if (runtime.traceLevel === 'records') {
      runtime.trace({ type: 'records-processed', subtask: deployment.subtask, count: records })
    }
  }

  #takeSnapshot(trigger: Trigger): void {
    const { barrier } = trigger
    const isLast = isFinal(barrier) || isSynchronous(barrier.kind)
    if (this.#checkpoints.take(trigger) && isLast) this.#expectEnd(barrier)
  }

  #expectEnd(barrier: Barrier): void {
    const { subtask } = this.#env.deployment
    const { checkpoint, kind } = barrier
    assert(
      this.#awaitsFinal || kind === 'stop',
      `${subtask} still has input at the final checkpoint ${checkpoint}.`,
    )
    this.#last = barrier
    // What comes behind the savepoint belongs to the next run of the job.
    if (kind === 'stop') this.#chain.suspend()
  }

  /** When there is nothing to do, or often enough when there is: what was written leaves. */
  #flushIfDue(isBusy: boolean): void {
    const now = this.#env.runtime.now()
    if (isBusy && now - this.#lastFlushAt < BUFFER_TIMEOUT_MS) return
    this.#lastFlushAt = now
    this.#outputs.flush()
  }

  /** Tells the operators one after the other that the input ended; each first emits what it still holds. */
  #finish(): void {
    const operators = this.#chain.headToTail
    this.#chain.head.link.timers?.quiesce()
    for (let told = this.#finished ?? 0; ; told += 1) {
      this.#finished = told
      if (told > 0 && operators[told - 1]?.isDrained === false) {
        this.#outputs.flush()
        return
      }
      if (told === operators.length) break
      operators[told]?.finish?.()
    }
    const { graph, mutants } = this.#env
    const isAwaited =
      graph.needsFinalCheckpoint || this.#drain !== null || this.#input?.awaitsBarrier === true
    if (!isAwaited || mutants.active('final-checkpoint-skipped')) {
      this.#outputs.broadcast({ type: 'end-of-input' })
      this.#end('finished', '')
      return
    }
    this.#outputs.broadcast({ type: 'end-of-data' })
    this.#awaitsFinal = true
    const { subtask, attempt } = this.#env.deployment
    this.#env.report({ type: 'input-ended', subtask, attempt })
    if (this.#drain !== null) this.#inject(this.#drain)
  }

  #endWhenCommitted(): void {
    if (this.#chain.headToTail.some(({ hasUncommitted }) => hasUncommitted === true)) return
    if (this.#keyed?.changelog?.hasUncommitted === true) return
    this.#outputs.broadcast({ type: 'end-of-input' })
    this.#end('finished', '')
  }

  #sharedContext(): SharedContext {
    const env = this.#env
    const { deployment, graph, runtime, vertex } = env
    return {
      jobName: graph.name,
      subtask: deployment.subtask,
      subtaskIndex: deployment.index,
      parallelism: vertex.parallelism,
      attempt: deployment.attempt,
      runtimeMode: graph.runtimeMode,
      autoWatermarkIntervalMs: graph.settings.autoWatermarkIntervalMs,
      runtime,
      broker: env.broker,
      services: env.services,
      files: env.files,
      mutants: env.mutants,
      isStrict: env.isStrict,
      provenance: env.provenance,
      keyedState: this.#keyedState,
      schedule: (delayMs, label, callback) => this.#schedule(delayMs, label, callback),
      cancel: (timer) => {
        runtime.cancel(timer)
      },
      wake: () => {
        this.#scheduleStep()
      },
      fail: (reason) => {
        this.fail(reason)
      },
    }
  }

  /** A turn of an operator's own; what it wrote leaves with the next flush. */
  #schedule(delayMs: number, label: string, callback: () => void): Timer {
    const { runtime, provenance, isStrict } = this.#env
    return runtime.schedule(delayMs, label, () => {
      if (!this.#isOpen || this.#last?.kind === 'stop') return
      if (provenance.isOn) provenance.current = []
      this.#guard(() => {
        callback()
        if (isStrict) this.#keyedState?.checkHandedOut()
      })
      this.#scheduleStep()
    })
  }

  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (error instanceof InvariantViolation) throw error
      this.fail(describeError(error))
    }
  }

  #end(status: 'canceled' | 'failed' | 'finished', reason: string): void {
    this.#isOpen = false
    this.#input?.close()
    this.#checkpoints.close()
    this.#chain.close()
    this.#keyed?.changelog?.close()
    this.#keyedState?.close()
    this.#changeStatus(status, reason)
  }

  #changeStatus(status: SubtaskStatus, reason: string): void {
    this.#status = status
    const { subtask, attempt } = this.#env.deployment
    this.#env.report({ type: 'subtask-status', subtask, attempt, status, reason })
  }
}
