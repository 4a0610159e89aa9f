/**
 * The pipeline under test: the job graph that the DataStream API builds, every vertex once, and channels that hand over
 * at once. Inputs stand where the job's sources would, the collected output where its sink would.
 */
import { present } from '../../engine/assert.ts'
import type { ControlElement, Element } from '../../engine/element.ts'
import { ConfigurationError } from '../../engine/errors.ts'
import { attemptId, channelId, subtaskId } from '../../engine/ids.ts'
import type { ChannelId, VertexId } from '../../engine/ids.ts'
import type { JobEdge, JobGraph, JobVertex } from '../../engine/job/job-graph.ts'
import type { ChannelPeer, Deployment, InputPeer, Message } from '../../engine/messages.ts'
import { Mutants } from '../../engine/mutants.ts'
import type { BrokerPort, FilePort, ServicePort, StoragePort } from '../../engine/runtime.ts'
import type { UnreadOutput } from '../../engine/task/operator-chain.ts'
import { createOutputs } from '../../engine/task/outputs.ts'
import type { Outputs } from '../../engine/task/outputs.ts'
import type { SubtaskEnvironment } from '../../engine/task/subtask-environment.ts'
import { HARNESS_WORKER } from './harness-runtime.ts'
import type { HarnessRuntime } from './harness-runtime.ts'
import { HarnessVertex } from './harness-vertex.ts'
import type { VertexSnapshot } from './harness-vertex.ts'

const ATTEMPT = attemptId(1)

export interface PipelineOptions {
  readonly graph: JobGraph
  readonly runtime: HarnessRuntime
  readonly services: ServicePort
  readonly isStrict: boolean
  /** Uids of the placeholders. */
  readonly inputs: readonly string[]
  readonly output: string
  readonly restored: ReadonlyMap<VertexId, VertexSnapshot> | null
  readonly onOutput: (element: Element) => void
  readonly unread: UnreadOutput
}

export class HarnessPipeline {
  readonly vertices: readonly HarnessVertex[]
  readonly #options: PipelineOptions
  readonly #inputs: readonly Outputs[]
  readonly #ids: readonly VertexId[]
  readonly #receivers = new Map<ChannelId, (message: ElementMessage) => void>()

  constructor(options: PipelineOptions) {
    this.#options = options
    const { graph, inputs, output, restored, unread, onOutput } = options
    const isAt = (uid: string) => (vertex: JobVertex) => vertex.nodes.some((n) => n.uid === uid)
    const sink = present(graph.vertices.find(isAt(output)), 'The pipeline has no output.')
    for (const edge of sink.inputs) {
      this.#receivers.set(channelOf(edge), ({ element }) => {
        onOutput(element)
      })
    }
    const inner = graph.vertices.filter(
      (vertex) => vertex !== sink && vertex.nodes[0]?.work.type === 'operator',
    )
    this.#ids = inner.map(({ id }) => id)
    this.vertices = inner.map((vertex) => {
      const env = this.#environment(vertex)
      const running = new HarnessVertex({ env, restored: restored?.get(vertex.id) ?? null, unread })
      for (const edge of vertex.inputs) {
        this.#receivers.set(channelOf(edge), (message) => {
          running.receive(message)
        })
      }
      return running
    })
    this.#inputs = inputs.map((uid) => this.#input(present(graph.vertices.find(isAt(uid)), uid)))
  }

  /** For the runtime: hands an element over; grants of credit mean nothing where there is always enough. */
  deliver(message: Message): void {
    if (message.type === 'element') this.#receivers.get(message.channel)?.(message)
  }

  push(input: number, value: unknown, timestamp: number): void {
    const outputs = this.#inputAt(input)
    for (const writer of outputs.writers) writer.write(value, timestamp, null)
    outputs.flush()
    this.run()
  }

  control(input: number, element: ControlElement): void {
    this.#inputAt(input).broadcast(element)
    this.run()
  }

  /** Until nobody can go on. */
  run(): void {
    let hasRun = true
    while (hasRun) {
      hasRun = false
      for (const vertex of this.vertices) hasRun = vertex.run() || hasRun
    }
  }

  snapshot(): ReadonlyMap<VertexId, VertexSnapshot> {
    return new Map(
      this.vertices.map((vertex, index) => [
        present(this.#ids[index], `No vertex ${index}.`),
        vertex.snapshot(),
      ]),
    )
  }

  close(): void {
    for (const vertex of this.vertices) vertex.close()
  }

  #inputAt(input: number): Outputs {
    return present(this.#inputs[input], `The pipeline has no input ${input}.`)
  }

  #input(vertex: JobVertex): Outputs {
    const env = this.#environment(vertex)
    const outputs = createOutputs(env)
    for (const peer of env.deployment.outputs.flat()) {
      outputs.channel(peer.channel).connect(Number.MAX_SAFE_INTEGER)
    }
    return outputs
  }

  #environment(vertex: JobVertex): SubtaskEnvironment {
    const { graph, runtime, services, isStrict } = this.#options
    return {
      runtime,
      broker: NO_BROKER,
      storage: NO_STORAGE,
      services,
      files: NO_FILES,
      isStrict,
      mutants: new Mutants(),
      graph,
      // Whatever parallelism the program names, here is one subtask of each.
      vertex: { ...vertex, parallelism: 1 },
      deployment: deploymentOf(vertex),
      provenance: { isOn: false, current: null },
      report: () => undefined,
    }
  }
}

type ElementMessage = Extract<Message, { type: 'element' }>

function deploymentOf({ id, inputs, outputs }: JobVertex): Deployment {
  return {
    subtask: subtaskId(id, 0),
    vertex: id,
    index: 0,
    attempt: ATTEMPT,
    inputs: inputs.map((edge): InputPeer => ({
      ...peerOf(edge, edge.producer),
      input: edge.input,
    })),
    outputs: outputs.map((edge) => [peerOf(edge, edge.consumer)]),
    restore: null,
  }
}

function peerOf(edge: JobEdge, other: VertexId): ChannelPeer {
  return {
    channel: channelOf(edge),
    subtask: subtaskId(other, 0),
    attempt: ATTEMPT,
    worker: HARNESS_WORKER,
  }
}

function channelOf({ producer, consumer, index }: JobEdge): ChannelId {
  return channelId(subtaskId(producer, 0), subtaskId(consumer, 0), index)
}

const NO_BROKER: BrokerPort = { connect: () => refuse('Kafka') }
const NO_STORAGE: StoragePort = {
  put: () => refuse('snapshot storage'),
  get: () => refuse('snapshot storage'),
  list: () => refuse('snapshot storage'),
  delete: () => refuse('snapshot storage'),
}
const NO_FILES: FilePort = {
  read: () => refuse('files'),
  write: () => refuse('files'),
  rename: () => refuse('files'),
  delete: () => refuse('files'),
}

function refuse(what: string): never {
  throw new ConfigurationError(
    'not-in-harness',
    `The operator harness has no ${what}: build the pipeline between source and sink with it, and push what the source ` +
      'would read.',
  )
}
