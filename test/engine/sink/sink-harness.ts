/** One sink subtask against the simulated cluster, over its attempts. */
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { attemptId, checkpointId } from '../../../engine/ids.ts'
import type { OperatorSnapshot } from '../../../engine/operator/operator.ts'
import { text } from '../../../engine/serializer.ts'
import { KafkaSinkOperator } from '../../../engine/sink/kafka-sink-operator.ts'
import { decodeCommittables } from '../../../engine/sink/kafka-sink-state.ts'
import type { KafkaSinkSpec } from '../../../engine/sink/sink-spec.ts'
import { kafkaSink } from '../../../engine/sink/sinks.ts'
import { ClusterBroker } from '../cluster-broker.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, type TestContext } from '../operator-context.ts'

export const TOPIC = 'out'

/** A checkpoint as the state that was stored for it. */
export interface Stored {
  readonly checkpoint: number
  readonly state: readonly OperatorStateEntry[]
}

export class Sinking {
  readonly runtime = new FakeRuntime()
  readonly broker = new ClusterBroker(this.runtime, { topics: [{ topic: TOPIC, partitions: 2 }] })
  #attempts = 0

  /** Starts an attempt, from a checkpoint or from nothing, and lets it become ready. */
  start(from: Stored | null = null, options: Partial<AttemptOptions> = {}): Attempt {
    const attempt = new Attempt(
      this,
      ++this.#attempts,
      { parallelism: 1, index: 0, ...options },
      from,
    )
    this.pass(20)
    return attempt
  }

  pass(ms = 100): void {
    this.runtime.advance(ms)
  }

  /** Committed values of partition 0. */
  get visible(): string {
    return this.broker.committed(TOPIC, 0).join(' ')
  }

  /** Requests since the last call that begin with one of these words. */
  requests(...words: readonly string[]): string[] {
    const sent = this.broker.sent.splice(0)
    return sent.filter((request) => words.some((word) => request.startsWith(word)))
  }
}

interface AttemptOptions {
  readonly parallelism: number
  readonly index: number
  readonly spec?: Partial<KafkaSinkSpec>
}

export class Attempt {
  readonly context: TestContext
  readonly operator: KafkaSinkOperator

  constructor(sinking: Sinking, number: number, options: AttemptOptions, from: Stored | null) {
    const { spec } = kafkaSink<string>({ topic: TOPIC, value: text, delivery: 'exactly-once' })
    if (spec.type !== 'kafka') throw new Error('A Kafka sink is one.')
    this.context = operatorContext({
      uid: 'sink',
      name: 'sink',
      runtime: sinking.runtime,
      broker: sinking.broker,
      attempt: attemptId(number),
      parallelism: options.parallelism,
      subtaskIndex: options.index,
    })
    this.operator = new KafkaSinkOperator({ ...spec, ...options.spec }, this.context)
    this.operator.open(from?.state ?? [], from === null ? null : checkpointId(from.checkpoint))
  }

  write(...values: string[]): this {
    for (const value of values) this.operator.process(value, 0)
    return this
  }

  snapshot(checkpoint: number): Snapshot {
    return new Snapshot(this.operator, checkpoint)
  }

  complete(checkpoint: number): void {
    this.operator.notifyComplete(checkpointId(checkpoint))
  }

  /** The process dies: what it has sent still arrives, nothing reaches it any more. */
  crash(): void {
    this.operator.close()
  }
}

/** A snapshot that is being taken: it ends when the operator has let go of it. */
export class Snapshot {
  readonly checkpoint: number
  readonly #state: OperatorSnapshot
  #holds = 0

  constructor(operator: KafkaSinkOperator, checkpoint: number) {
    this.checkpoint = checkpoint
    const hold = (): (() => void) => {
      this.#holds += 1
      return () => {
        this.#holds -= 1
      }
    }
    this.#state = operator.snapshot({ checkpoint: checkpointId(checkpoint), hold })
  }

  get isReady(): boolean {
    return this.#holds === 0
  }

  get stored(): Stored {
    if (!this.isReady) throw new Error('The snapshot waits.')
    return { checkpoint: this.checkpoint, state: this.#state() }
  }

  /** Committables as `1: job-sink-0-0`. */
  get committables(): string[] {
    return decodeCommittables(this.stored.state).map(
      ({ checkpoint, handle }) => `${checkpoint}: ${handle.transactionalId}`,
    )
  }
}
