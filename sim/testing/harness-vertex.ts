/**
 * One vertex of the pipeline under test: a chain of operators with its input and its outputs, as a subtask has them, but
 * driven by the test instead of turns, and with errors that reach it.
 */
import { checkpointId } from '../../engine/ids.ts'
import type { CheckpointId } from '../../engine/ids.ts'
import type { OperatorHandle } from '../../engine/checkpoint/snapshot-handle.ts'
import { ConfigurationError } from '../../engine/errors.ts'
import { isKeyed } from '../../engine/job/stream-graph.ts'
import type { ChannelMessage } from '../../engine/messages.ts'
import type { Operator } from '../../engine/operator/operator.ts'
import type { KeyedStateBackend } from '../../engine/state/keyed-state-backend.ts'
import type { KeyGroupSegment } from '../../engine/state/keyed-state-backend.ts'
import { OperatorChain } from '../../engine/task/operator-chain.ts'
import type { SharedContext, UnreadOutput } from '../../engine/task/operator-chain.ts'
import { createOutputs } from '../../engine/task/outputs.ts'
import type { Outputs } from '../../engine/task/outputs.ts'
import type { SubtaskEnvironment } from '../../engine/task/subtask-environment.ts'
import { SubtaskInput } from '../../engine/task/subtask-input.ts'
import { createStateBackend } from '../../engine/task/create-keyed-state.ts'

/** What is kept of a vertex: its part of a checkpoint. */
export interface VertexSnapshot {
  readonly segments: readonly KeyGroupSegment[]
  readonly operators: readonly OperatorHandle[]
}

export interface HarnessVertexOptions {
  readonly env: SubtaskEnvironment
  readonly restored: VertexSnapshot | null
  readonly unread: UnreadOutput
}

const RESTORED_FROM: CheckpointId = checkpointId(1)

export class HarnessVertex {
  readonly keyedState: KeyedStateBackend | null
  readonly #env: SubtaskEnvironment
  readonly #outputs: Outputs
  readonly #chain: OperatorChain
  readonly #input: SubtaskInput
  /** Once the input ended: how many operators have been told so. */
  #finished: number | null = null
  #hasEnded = false

  constructor({ env, restored, unread }: HarnessVertexOptions) {
    this.#env = env
    this.#outputs = createOutputs(env)
    for (const peer of env.deployment.outputs.flat()) {
      this.#outputs.channel(peer.channel).connect(Number.MAX_SAFE_INTEGER)
    }
    const [head] = env.vertex.nodes
    this.keyedState = head !== undefined && isKeyed(head) ? createStateBackend(env) : null
    this.keyedState?.restore(restored?.segments ?? [])
    this.#chain = new OperatorChain(env.vertex, this.#outputs.writers, this.#shared(), unread)
    this.#input = new SubtaskInput(env, this.#chain, this.keyedState, {
      // There are no barriers here.
      onTrigger: () => undefined,
      onCaptured: () => undefined,
      onAbort: () => undefined,
      schedule: (delayMs, label, callback) => env.runtime.schedule(delayMs, label, callback),
      onEnd: () => {
        this.#finished = 0
      },
    })
    this.#chain.open(restored?.operators ?? [], restored === null ? null : RESTORED_FROM)
  }

  get uids(): readonly string[] {
    return this.#env.vertex.nodes.map(({ uid }) => uid)
  }

  get lateRecordsDropped(): number {
    return this.#operators.reduce((sum, { lateRecordsDropped = 0 }) => sum + lateRecordsDropped, 0)
  }

  get #operators(): readonly Operator[] {
    return this.#chain.headToTail.filter((operator) => 'process' in operator)
  }

  receive(message: Extract<ChannelMessage, { type: 'element' }>): void {
    this.#input.gate.receive(message)
  }

  /** Does what can be done now, and says whether that was anything. */
  run(): boolean {
    let hasRun = false
    while (this.#input.hasWork && this.#chain.isAvailable) {
      this.#input.step()
      hasRun = true
    }
    if (this.#finished !== null && !this.#hasEnded) hasRun = this.#finish() || hasRun
    this.#outputs.flush()
    return hasRun
  }

  /** Throws ConfigurationError while records wait for an operator, since they are part of no snapshot. */
  snapshot(): VertexSnapshot {
    let holds = 0
    const hold = (): (() => void) => {
      holds += 1
      return () => {
        holds -= 1
      }
    }
    const checkpoint = RESTORED_FROM
    const states = this.#operators.toReversed().flatMap((operator) => {
      const state = operator.snapshot?.({ checkpoint, hold })
      return state === undefined ? [] : [{ uid: operator.uid, state }]
    })
    if (holds > 0 || this.#input.hasWork) throw busy(this.uids)
    const keyed = this.keyedState?.snapshot()
    const segments = [...(keyed?.keyGroups() ?? [])]
    keyed?.release()
    return {
      segments,
      operators: states.map(({ uid, state }) => ({ uid, operatorState: state() })),
    }
  }

  close(): void {
    this.#chain.close()
  }

  /** Tells the operators one after the other that the input ended; each first emits what it still holds. */
  #finish(): boolean {
    const operators = this.#operators
    const before = this.#finished ?? 0
    for (let told = before; told < operators.length; told += 1) {
      if (told > 0 && operators[told - 1]?.isDrained === false) return told > before
      operators[told]?.finish?.()
      this.#finished = told + 1
    }
    if (operators.at(-1)?.isDrained === false) return false
    this.#hasEnded = true
    this.#outputs.broadcast({ type: 'end-of-input' })
    return true
  }

  #shared(): SharedContext {
    const { deployment, graph, runtime, broker, services, files, mutants, provenance } = this.#env
    return {
      jobName: graph.name,
      subtask: deployment.subtask,
      subtaskIndex: 0,
      parallelism: 1,
      attempt: deployment.attempt,
      runtimeMode: graph.runtimeMode,
      autoWatermarkIntervalMs: graph.settings.autoWatermarkIntervalMs,
      runtime,
      broker,
      services,
      files,
      mutants,
      provenance,
      keyedState: this.keyedState,
      isStrict: this.#env.isStrict,
      schedule: (delayMs, label, callback) =>
        runtime.schedule(delayMs, label, () => {
          callback()
          this.keyedState?.checkHandedOut()
        }),
      cancel: (timer) => {
        runtime.cancel(timer)
      },
      // Whatever the test does next looks for work.
      wake: () => undefined,
      fail: (reason) => {
        throw new ConfigurationError('operator-failed', reason)
      },
    }
  }
}

function busy(uids: readonly string[]): ConfigurationError {
  return new ConfigurationError(
    'harness-busy',
    `The operators ${uids.map((uid) => `"${uid}"`).join(', ')} wait for answers, so that no snapshot can be taken; ` +
      'give the answers and advance the time first.',
  )
}
