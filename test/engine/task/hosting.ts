/**
 * A worker that hosts the middle of a job; the test plays everybody else: the job master, the producers of channels a and
 * b, the consumer. Records are written `k=5` (key and number), barriers `|1` (final: `|1!`, unaligned: `|u1`, one that
 * times out: `|t1`, one that was forced into line: `|f1`; savepoint, stop and drain: `|1s`, `|1■`, `|1▽`), cancel markers `x1`, the end of data `.`, the end `$`.
 */
import { present } from '../../../engine/assert.ts'
import type {
  RestoreInstruction,
  SnapshotHandle,
} from '../../../engine/checkpoint/snapshot-handle.ts'
import {
  type Barrier,
  type CheckpointKind,
  type Element,
  newRecordBuffer,
} from '../../../engine/element.ts'
import { isUnaligned } from '../../../engine/exchange/barrier-alignment.ts'
import {
  type AttemptId,
  attemptId,
  checkpointId,
  JOB_MASTER,
  workerId,
} from '../../../engine/ids.ts'
import { defineJob } from '../../../engine/job/define-job.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import type { JobGraph } from '../../../engine/job/job-graph.ts'
import type { JobOptions } from '../../../engine/job/job-options.ts'
import type { Deployment } from '../../../engine/messages.ts'
import { Mutants } from '../../../engine/mutants.ts'
import { ExecutionGraph } from '../../../engine/recovery/execution-graph.ts'
import { hashKey } from '../../../engine/serializer.ts'
import { discardSink } from '../../../engine/sink/sinks.ts'
import { generatorSource } from '../../../engine/source/sources.ts'
import { Worker } from '../../../engine/task/worker.ts'
import { FakeRuntime, FakeStorage, type Sent } from '../fake-runtime.ts'
import { NO_BROKER, NO_FILES, NO_SERVICES } from '../operator-context.ts'
import type { Numbered } from '../small-jobs.ts'
import { barrierOf } from '../snapshot-handles.ts'

/** What the user's functions of the job did. */
export interface Calls {
  readonly mapped: string[]
  /** Makes the map throw when it sees this key. */
  failsAt: string
}

/** source (2) ──hash──▶ sum ─▶ map ──rebalance──▶ after. The test's worker hosts `sum`. */
function job(calls: Calls, options: JobOptions): JobGraph {
  return buildJobGraph(
    defineJob('Hosted', options, (env) => {
      env
        .fromSource(
          generatorSource<Numbered>(10_000, (i) => ({ key: 'k', n: i })),
          { parallelism: 2 },
        )
        .keyBy(({ key }) => key)
        .sum('n')
        .map((sum) => {
          if (sum.key === calls.failsAt) throw new TypeError('boom')
          calls.mapped.push(show(sum))
          return sum
        })
        .rebalance()
        .map((sum) => sum, { name: 'after' })
        .sinkTo(discardSink())
    }),
  )
}

/** So old a barrier `|t1` gets before it overtakes; it was sent at 0. */
export const PATIENCE_MS = 500

export class Hosting {
  readonly runtime = new FakeRuntime(workerId('worker-1'))
  readonly storage = new FakeStorage(this.runtime, 5)
  readonly calls: Calls = { mapped: [], failsAt: '' }
  readonly worker: Worker
  readonly #graph: JobGraph
  readonly #executions: ExecutionGraph
  readonly #sequences = new Map<string, number>()
  #deployment: Deployment | null = null
  #sent: Sent[] = []

  constructor(options: JobOptions = {}) {
    this.#graph = job(this.calls, options)
    this.#executions = new ExecutionGraph(this.#graph)
    this.worker = new Worker({
      runtime: this.runtime,
      broker: NO_BROKER,
      storage: this.storage,
      graph: this.#graph,
      mutants: new Mutants(),
      incarnation: 3,
      slots: 4,
      hasProvenance: false,
      services: NO_SERVICES,
      files: NO_FILES,
      isStrict: true,
    })
  }

  /** Deploys a subtask, `sum/0` unless told otherwise, in a new attempt, and lets it start. */
  deploy(subtask = 'sum/0', restore: RestoreInstruction | null = null): this {
    const executions = this.#executions.schedule([{ worker: workerId('worker-1'), slots: 9 }]) ?? []
    const execution = present(
      executions.find((each) => each.subtask === subtask),
      `The job has ${subtask}.`,
    )
    const { vertex, index, attempt } = execution
    const channels = this.#executions.channelsOf(execution)
    this.#deployment = { subtask: execution.subtask, vertex, index, attempt, restore, ...channels }
    this.#sequences.clear()
    this.worker.receive({ type: 'deploy', epoch: 1, deployments: [this.#deployment] })
    this.runtime.advance(20)
    return this
  }

  get deployment(): Deployment {
    return present(this.#deployment, 'Something is deployed.')
  }

  /** Delivers elements, `'a k=1 k=2'` a buffer, `'b|1'` a barrier, and lets the subtask work unless told not to. */
  deliver(...elements: readonly string[]): this {
    for (const element of elements) this.deliverLater(element)
    this.runtime.advance()
    return this
  }

  deliverLater(element: string): void {
    const peer = present(this.deployment.inputs[element.charCodeAt(0) - 97], 'The channel exists.')
    const sequence = this.#sequences.get(peer.channel) ?? 0
    this.#sequences.set(peer.channel, sequence + 1)
    const { attempt } = this.deployment
    const parsed = parseElement(element.slice(1))
    this.worker.receive({
      type: 'element',
      channel: peer.channel,
      attempt,
      sequence,
      element: parsed,
    })
  }

  /** The consumer asks for data. */
  connect(credit = 100, attempt = this.deployment.attempt): this {
    const channel = this.#output
    this.worker.receive({
      type: 'connect-channel',
      channel,
      attempt,
      credit,
      consumer: attemptId(77),
      consumerWorker: workerId('worker-2'),
    })
    this.runtime.advance()
    return this
  }

  credit(credit: number): this {
    const { attempt } = this.deployment
    this.worker.receive({ type: 'credit', channel: this.#output, attempt, credit })
    this.runtime.advance()
    return this
  }

  get #output() {
    const [edge] = this.deployment.outputs
    return present(edge?.[0], 'The subtask has an output.').channel
  }

  trigger(checkpoint: number, timestamp = 0, kind: CheckpointKind = 'checkpoint'): this {
    const { subtask, attempt } = this.deployment
    const barrier = barrierOf(checkpoint, kind, timestamp)
    this.worker.receive({ type: 'trigger-checkpoint', subtask, attempt, barrier })
    return this
  }

  complete(checkpoint: number): this {
    const { subtask, attempt } = this.deployment
    const id = checkpointId(checkpoint)
    this.worker.receive({ type: 'notify-complete', subtask, attempt, checkpoint: id })
    return this
  }

  abort(checkpoint: number, latest: number | null = null): this {
    const { subtask, attempt } = this.deployment
    const latestCompleted = latest === null ? null : checkpointId(latest)
    const id = checkpointId(checkpoint)
    this.worker.receive({
      type: 'notify-aborted',
      subtask,
      attempt,
      checkpoint: id,
      latestCompleted,
    })
    return this
  }

  cancel(attempt: AttemptId = this.deployment.attempt): this {
    const { subtask } = this.deployment
    this.worker.receive({ type: 'cancel', subtask, attempt })
    return this
  }

  /** What the job master was told since the last call: `running`, `failed: …`, `ack 1`, `decline 1 as failed: …`. */
  reports(): string[] {
    return this.#take((sent) => sent.to === JOB_MASTER).map(describeReport)
  }

  /** What left the output since the last call. */
  left(): string[] {
    return this.#take((sent) => sent.type === 'element').map((sent) => {
      if (sent.type !== 'element') throw new Error('Only elements were taken.')
      return showElement(sent.element)
    })
  }

  /** Everything else that was sent since the last call. */
  messages(...types: readonly Sent['type'][]): Sent[] {
    return this.#take((sent) => types.includes(sent.type))
  }

  /** The snapshot that the last acknowledgement names. */
  get acknowledged(): SnapshotHandle {
    this.#sent.push(...this.runtime.takeSent())
    const found = this.#sent.findLast(({ type }) => type === 'acknowledge-checkpoint')
    if (found?.type !== 'acknowledge-checkpoint') throw new Error('Nothing was acknowledged.')
    return found.handle
  }

  #take(isWanted: (sent: Sent) => boolean): Sent[] {
    this.#sent.push(...this.runtime.takeSent())
    const taken = this.#sent.filter(isWanted)
    this.#sent = this.#sent.filter((sent) => !taken.includes(sent))
    return taken
  }
}

function describeReport(sent: Sent): string {
  switch (sent.type) {
    case 'subtask-status':
      return sent.reason === '' ? sent.status : `${sent.status}: ${sent.reason}`
    case 'acknowledge-checkpoint':
      return `ack ${sent.checkpoint}`
    case 'decline-checkpoint':
      return `decline ${sent.checkpoint}${sent.isFailure ? ' as failed' : ''}: ${sent.reason}`
    default:
      return sent.type
  }
}

/** Of what a barrier ends with. */
const KINDS: Readonly<Record<string, CheckpointKind>> = {
  '!': 'final',
  s: 'savepoint',
  '■': 'stop',
  '▽': 'drain',
}

function markOf({ kind }: Barrier): string {
  return Object.entries(KINDS).find(([, other]) => other === kind)?.[0] ?? ''
}

function parseBarrier(text: string): Barrier {
  const [, kind = '', digits = '', mark = ''] = /^([utf]?)([0-9]+)(.?)$/.exec(text) ?? []
  const barrier = barrierOf(Number(digits), KINDS[mark] ?? 'checkpoint')
  if (kind === 't') return { ...barrier, alignedTimeoutMs: PATIENCE_MS }
  if (kind === '') return barrier
  return { ...barrier, alignment: kind === 'u' ? 'unaligned' : 'forced-aligned' }
}

function parseElement(text: string): Element {
  if (text.startsWith('|')) return parseBarrier(text.slice(1))
  if (text.startsWith('x')) {
    return { type: 'cancel-marker', checkpoint: checkpointId(Number(text.slice(1))) }
  }
  if (text === '$') return { type: 'end-of-input' }
  if (text === '.') return { type: 'end-of-data' }
  const buffer = newRecordBuffer(true, false)
  for (const record of text.trim().split(' ')) {
    const [key = '', n] = record.split('=')
    buffer.values.push({ key, n: Number(n) })
    buffer.timestamps.push(0)
    buffer.hashes?.push(hashKey(key))
  }
  return buffer
}

function showElement(element: Element): string {
  switch (element.type) {
    case 'records':
      return element.values.map((value) => show(value as Numbered)).join(' ')
    case 'barrier':
      return `|${isUnaligned(element) ? 'u' : ''}${element.checkpoint}${markOf(element)}`
    case 'cancel-marker':
      return `x${element.checkpoint}`
    case 'watermark':
      return `w${element.timestamp}`
    case 'watermark-status':
      return element.isIdle ? 'idle' : 'active'
    case 'end-of-data':
      return '.'
    case 'end-of-input':
      return '$'
  }
}

function show({ key, n }: Numbered): string {
  return `${key}=${n}`
}
