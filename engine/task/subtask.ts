/**
 * One attempt of a subtask: takes elements (or source records), runs the chain, aligns barriers, takes snapshots.
 * Everything happens in turns of its worker; a turn handles at most one buffer, so that control messages get in between.
 * Knows nothing of checkpoints being complete, of restarts, or of other subtasks but its channels.
 *
 *   deploying ──▶ initializing (reads its state) ──▶ running ──▶ finished (input ended)
 *        └───────────────┴──────── failed / canceled ◀───┘
 */
import { InvariantViolation, present } from '../assert.ts'
import type { Barrier, RecordBuffer } from '../element.ts'
import { describeError } from '../errors.ts'
import { newAligner, step as stepAligner } from '../exchange/barrier-aligner.ts'
import type { AlignerInput } from '../exchange/barrier-aligner.ts'
import { InputGate } from '../exchange/input-gate.ts'
import type { KeySelector } from '../exchange/partitioner.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import type { ChannelMessage, OperatorEvent } from '../messages.ts'
import type { Operator } from '../operator/operator.ts'
import type { HeapStateBackend } from '../state/heap-state-backend.ts'
import type { SubtaskStatus } from '../trace.ts'
import { OperatorChain } from './operator-chain.ts'
import { createOutputs } from './outputs.ts'
import type { Outputs } from './outputs.ts'
import { createKeyedState, restoreKeyedState } from './subtask-state.ts'
import { SubtaskSnapshots } from './subtask-snapshots.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'
import { traceState } from './trace-state.ts'

/** Buffers that stay unfinished no longer than this while the subtask is busy (Flink: 100 ms). */
const BUFFER_TIMEOUT_MS = 100

export class Subtask {
  readonly #env: SubtaskEnvironment
  readonly #chain: OperatorChain
  readonly #outputs: Outputs
  readonly #gate: InputGate
  readonly #keyedState: HeapStateBackend | null
  readonly #keySelector: KeySelector | null
  readonly #snapshots: SubtaskSnapshots
  #status: SubtaskStatus = 'deploying'
  #aligner: ReturnType<typeof newAligner>
  #buffer: RecordBuffer | null = null
  #bufferAt = 0
  readonly #tracesRecords: boolean
  #isStepScheduled = false
  #lastFlushAt = 0
  #latestReported = checkpointId(0)

  constructor(env: SubtaskEnvironment) {
    this.#env = env
    this.#tracesRecords = env.runtime.traceLevel === 'records'
    const { deployment, runtime, vertex } = env
    this.#outputs = createOutputs(env)
    this.#gate = new InputGate(runtime, deployment.attempt, deployment.inputs)
    this.#aligner = newAligner(this.#gate.channelCount)
    const head = present(vertex.nodes[0], `Vertex ${vertex.id} has no operator.`)
    this.#keySelector = head.keySelector
    this.#keyedState = head.keySelector === null ? null : createKeyedState(env)
    this.#chain = new OperatorChain(vertex, this.#outputs.writers, {
      jobName: env.graph.name,
      subtask: deployment.subtask,
      subtaskIndex: deployment.index,
      parallelism: vertex.parallelism,
      attempt: deployment.attempt,
      runtime,
      broker: env.broker,
      mutants: env.mutants,
      provenance: env.provenance,
      keyedState: this.#keyedState,
      wake: () => {
        this.#scheduleStep()
      },
      fail: (reason) => {
        this.#fail(reason)
      },
    })
    this.#snapshots = new SubtaskSnapshots(env, this.#chain, this.#keyedState)
  }

  /** Reads its state, opens the operators and begins to take input. */
  start(): void {
    this.#changeStatus('initializing', '')
    restoreKeyedState(this.#env, this.#keyedState, (failure) => {
      if (this.#status !== 'initializing') return
      if (failure !== null) {
        this.#fail(failure)
        return
      }
      this.#guard(() => {
        const { restore } = this.#env.deployment
        this.#chain.open(restore?.operators ?? [], restore?.checkpoint ?? null)
        if (this.#status !== 'initializing') return
        this.#changeStatus('running', '')
        this.#gate.connect()
        this.#scheduleStep()
      })
    })
  }

  receive(message: ChannelMessage): void {
    switch (message.type) {
      case 'element':
        this.#gate.receive(message)
        this.#scheduleStep()
        return
      case 'channel-unavailable':
        this.#gate.retryConnect(message.channel)
        return
      case 'connect-channel':
        this.#outputs.channel(message.channel).connect(message.credit)
        this.#scheduleStep()
        return
      case 'credit':
        this.#outputs.channel(message.channel).addCredit(message.credit)
        this.#scheduleStep()
        return
    }
  }

  /** For sources: puts the barrier between two records. */
  triggerCheckpoint(barrier: Barrier): void {
    if (this.#status !== 'running') {
      this.#decline(barrier.checkpoint, `the subtask is ${this.#status}`, false)
      return
    }
    const { runtime, deployment } = this.#env
    const { checkpoint } = barrier
    runtime.trace({ type: 'barrier-injected', checkpoint, subtask: deployment.subtask })
    this.#guard(() => {
      this.#takeSnapshot(barrier, 0)
    })
  }

  notifyComplete(checkpoint: CheckpointId): void {
    if (this.#status !== 'running' || checkpoint <= this.#latestReported) return
    this.#latestReported = checkpoint
    const { runtime, deployment } = this.#env
    runtime.trace({ type: 'completion-received', checkpoint, subtask: deployment.subtask })
    this.#guard(() => {
      for (const operator of this.#chain.tailToHead) operator.notifyComplete?.(checkpoint)
    })
  }

  notifyAborted(checkpoint: CheckpointId, latestCompleted: CheckpointId | null): void {
    if (this.#status !== 'running') return
    if (latestCompleted !== null) this.notifyComplete(latestCompleted)
    const { runtime, deployment } = this.#env
    runtime.trace({ type: 'abortion-received', checkpoint, subtask: deployment.subtask })
    this.#snapshots.abort(checkpoint)
    this.#guard(() => {
      for (const operator of this.#chain.tailToHead) operator.notifyAborted?.(checkpoint)
    })
  }

  handleOperatorEvent(operator: string, event: OperatorEvent): void {
    const { head } = this.#chain
    if (head.type !== 'source' || head.reader.uid !== operator) {
      throw new InvariantViolation(
        `An event for "${operator}" came to ${this.#env.deployment.subtask}.`,
      )
    }
    head.reader.handleEvent?.(event)
    this.#scheduleStep()
  }

  cancel(): void {
    if (this.#isEnded) return
    this.#end('canceled', '')
  }

  get #isEnded(): boolean {
    return this.#status === 'canceled' || this.#status === 'failed' || this.#status === 'finished'
  }

  #scheduleStep(): void {
    if (this.#isStepScheduled || this.#status !== 'running') return
    this.#isStepScheduled = true
    this.#env.runtime.schedule(0, 'step', () => {
      this.#isStepScheduled = false
      if (this.#status === 'running') this.#guard(() => this.#step())
    })
  }

  /** One turn: one buffer or one control element, if the outputs can take it. */
  #step(): void {
    if (!this.#chain.isAvailable) {
      this.#outputs.flush()
      return
    }
    const { head } = this.#chain
    const hasMore =
      head.type === 'source' ? this.#stepSource(head.reader) : this.#stepInput(head.operator)
    if (this.#status !== 'running') return
    this.#flushIfDue(hasMore)
    if (hasMore) this.#scheduleStep()
  }

  #stepSource(reader: Extract<OperatorChain['head'], { type: 'source' }>['reader']): boolean {
    let emitted = 0
    const result = reader.poll(() => {
      if (!this.#chain.isAvailable) return false
      emitted += 1
      return true
    })
    if (result === 'finished') {
      this.#finish()
      return false
    }
    this.#spend(emitted)
    return result === 'emitted'
  }

  #stepInput(operator: Operator): boolean {
    if (this.#buffer !== null) {
      this.#processBuffer(operator, this.#buffer)
    } else {
      const polled = this.#gate.poll()
      if (polled === null) return false
      const { channel, element } = polled
      if (element.type === 'records') this.#processBuffer(operator, element)
      else this.#onControl(channel, element)
    }
    return this.#status === 'running' && (this.#buffer !== null || this.#gate.hasInput)
  }

  /** Runs the chain over a buffer; stops in the middle when an output is full and goes on there later. */
  #processBuffer(operator: Operator, buffer: RecordBuffer): void {
    const { values, timestamps, hashes, origins } = buffer
    const { provenance } = this.#env
    const keyedState = this.#keyedState
    const keySelector = this.#keySelector
    const from = this.#bufferAt
    let at = from
    for (; at < values.length; at++) {
      if (!this.#chain.isAvailable) break
      const value = values[at]
      if (provenance.isOn) provenance.current = origins?.[at] ?? null
      if (keyedState !== null && keySelector !== null) {
        keyedState.setCurrentKey(keySelector(value), hashes?.[at] ?? 0)
      }
      operator.process(value, timestamps[at] ?? 0)
      if (keyedState !== null && this.#tracesRecords)
        traceState(this.#env, operator.uid, keyedState)
    }
    const isDone = at === values.length
    this.#buffer = isDone ? null : buffer
    this.#bufferAt = isDone ? 0 : at
    this.#spend(at - from)
  }

  #spend(records: number): void {
    if (records === 0) return
    const { runtime, deployment } = this.#env
    runtime.spend({ records, bytes: 0 })
    if (runtime.traceLevel === 'records') {
      runtime.trace({ type: 'records-processed', subtask: deployment.subtask, count: records })
    }
  }

  #onControl(
    channel: number,
    element:
      | Barrier
      | { readonly type: 'cancel-marker'; readonly checkpoint: CheckpointId }
      | { readonly type: 'end-of-input' },
  ): void {
    if (element.type === 'barrier') {
      const { checkpoint } = element
      this.#env.runtime.trace({
        type: 'barrier-received',
        checkpoint,
        channel: this.#gate.channelId(channel),
      })
      this.#align({ type: 'barrier', channel, barrier: element })
    } else if (element.type === 'cancel-marker') {
      this.#align(element)
    } else {
      this.#gate.finish(channel)
      this.#align({ type: 'end-of-input', channel })
      if (this.#gate.isFinished) this.#finish()
    }
  }

  #align(input: AlignerInput): void {
    const { runtime } = this.#env
    const [state, effects] = stepAligner(this.#aligner, input, runtime.now())
    this.#aligner = state
    for (const effect of effects) {
      switch (effect.type) {
        case 'block':
          this.#block(effect.channel, effect.checkpoint)
          break
        case 'unblock':
          this.#gate.unblock(effect.channel)
          runtime.trace({
            type: 'channel-unblocked',
            checkpoint: effect.checkpoint,
            channel: this.#gate.channelId(effect.channel),
          })
          break
        case 'trigger':
          this.#takeSnapshot(effect.barrier, effect.alignmentMs)
          break
        case 'abort':
          this.#abortCheckpoint(effect.checkpoint, effect.reason)
          break
      }
    }
  }

  #block(channel: number, checkpoint: CheckpointId): void {
    if (!this.#env.mutants.active('barrier-not-aligned')) this.#gate.block(channel)
    this.#env.runtime.trace({
      type: 'channel-blocked',
      checkpoint,
      channel: this.#gate.channelId(channel),
    })
  }

  /** Barrier first, then the snapshot: both in one turn, so no record comes between (flink-semantics.md 3.3). */
  #takeSnapshot(barrier: Barrier, alignmentMs: number): void {
    this.#outputs.broadcast(barrier)
    if (this.#env.mutants.active('barrier-sent-twice')) this.#outputs.broadcast(barrier)
    const { runtime, deployment } = this.#env
    const startDelayMs = runtime.now() - barrier.timestamp - alignmentMs
    runtime.trace({
      type: 'snapshot-taken',
      checkpoint: barrier.checkpoint,
      subtask: deployment.subtask,
      startDelayMs: Math.max(0, startDelayMs),
      alignmentMs,
    })
    this.#snapshots.take(barrier.checkpoint, (reason) => {
      this.#decline(barrier.checkpoint, reason, true)
    })
  }

  #abortCheckpoint(checkpoint: CheckpointId, reason: string): void {
    this.#snapshots.abort(checkpoint)
    this.#outputs.broadcast({ type: 'cancel-marker', checkpoint })
    this.#decline(checkpoint, reason, false)
  }

  #decline(checkpoint: CheckpointId, reason: string, isFailure: boolean): void {
    const { subtask, attempt } = this.#env.deployment
    this.#env.report({
      type: 'decline-checkpoint',
      subtask,
      attempt,
      checkpoint,
      reason,
      isFailure,
    })
  }

  /** When there is nothing to do, or often enough when there is: what was written leaves. */
  #flushIfDue(isBusy: boolean): void {
    const now = this.#env.runtime.now()
    if (isBusy && now - this.#lastFlushAt < BUFFER_TIMEOUT_MS) return
    this.#lastFlushAt = now
    this.#outputs.flush()
  }

  #finish(): void {
    for (const operator of this.#chain.headToTail) operator.finish?.()
    this.#outputs.broadcast({ type: 'end-of-input' })
    this.#end('finished', '')
  }

  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (error instanceof InvariantViolation) throw error
      this.#fail(describeError(error))
    }
  }

  #fail(reason: string): void {
    if (this.#isEnded) return
    this.#end('failed', reason)
  }

  #end(status: 'canceled' | 'failed' | 'finished', reason: string): void {
    this.#gate.close()
    this.#snapshots.close()
    this.#chain.close()
    this.#changeStatus(status, reason)
  }

  #changeStatus(status: SubtaskStatus, reason: string): void {
    this.#status = status
    const { subtask, attempt } = this.#env.deployment
    this.#env.report({ type: 'subtask-status', subtask, attempt, status, reason })
  }
}
