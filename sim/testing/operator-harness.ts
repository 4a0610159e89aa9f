/**
 * The operator test harness: a piece of a DataStream program between its sources and its sink, run by a test step by
 * step on a clock that only the test moves. The operators, their chaining, keyed state, timers and watermarks are those
 * of a running job; there is no Kafka, no checkpoint coordinator, and one subtask of each operator.
 * Source: Flink KeyedOneInputStreamOperatorTestHarness and its relatives.
 */
import { MAX_WATERMARK, NO_TIMESTAMP } from '../../engine/element.ts'
import type { Element } from '../../engine/element.ts'
import { ConfigurationError } from '../../engine/errors.ts'
import type { VertexId } from '../../engine/ids.ts'
import type { DataStream } from '../../engine/job/data-stream.ts'
import { defineJob } from '../../engine/job/define-job.ts'
import { buildJobGraph } from '../../engine/job/job-graph.ts'
import type { StreamEnvironment } from '../../engine/job/stream-environment.ts'
import type { OutputTag } from '../../engine/operator/functions.ts'
import type { RuntimeMode } from '../../engine/operator/operator.ts'
import type { ServicePort, ServiceReply } from '../../engine/runtime.ts'
import { discardSink } from '../../engine/sink/sinks.ts'
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from '../../engine/state/descriptors.ts'
import { generatorSource } from '../../engine/source/sources.ts'
import { forMonotonousTimestamps } from '../../engine/time/watermark-strategy.ts'
import { HarnessPipeline } from './harness-pipeline.ts'
import { HarnessRuntime } from './harness-runtime.ts'
import { storedState } from './harness-state.ts'
import type { AnyStateDescriptor } from './harness-state.ts'
import type { VertexSnapshot } from './harness-vertex.ts'

/** A record that came out, with its timestamp in ms; null: it has none. */
export interface HarnessRecord<T> {
  readonly value: T
  readonly timestamp: number | null
}

/** A watermark or a change of status that the last operator sent on. */
export type HarnessControl =
  | { readonly type: 'watermark'; readonly watermark: number }
  | { readonly type: 'status'; readonly isIdle: boolean }

/** Anything that came out. */
export type HarnessElement<T> = ({ readonly type: 'record' } & HarnessRecord<T>) | HarnessControl

/** A pipeline's state and clock; only good for the option `restore`, with a pipeline that has the same uids. */
export interface HarnessSnapshot {
  readonly vertices: ReadonlyMap<VertexId, VertexSnapshot>
  readonly nowMs: number
}

/** Answers a request of an asynchronous operator: call `reply` once, now or later. */
export type HarnessService = (request: unknown, reply: (reply: ServiceReply) => void) => void

export interface HarnessOptions {
  /** What the clock reads at first, in ms. Default 0, or what it read when the snapshot was taken. */
  readonly startMs?: number
  /** `batch`: final results only, key by key, when the inputs end. Default `streaming`. */
  readonly runtimeMode?: RuntimeMode
  /** How often watermark generators are asked, in ms. Default 200. */
  readonly autoWatermarkIntervalMs?: number
  /** Number of key groups. Default 128. */
  readonly maxParallelism?: number
  /** Values of state that are changed in place without an update are an error. Default true. */
  readonly isStrict?: boolean
  /** Begins with this state; the watermark is the least again, as after a failure. */
  readonly restore?: HarnessSnapshot
  /** By name. Their answers arrive when the clock is moved next, even if by 0 ms. */
  readonly services?: Readonly<Record<string, HarnessService>>
  /** Of what is drawn at random. Default 0. */
  readonly seed?: number
}

/** Which input a step is for. */
export type HarnessInput = 1 | 2

type ValueOf<A, B, I extends HarnessInput> = I extends 1 ? A : B

/**
 * Runs what `build` makes of one or two streams. `build` is called once, now.
 *
 *     const harness = operatorHarness((readings: DataStream<Reading>) =>
 *       readings.keyBy(({ device }) => device).process(silence(5000)))
 *     harness.push({ device: 'a', value: 1 }, 1000)
 *     harness.watermark(6000)
 *     expect(harness.output()).toEqual([{ value: { device: 'a', silentSince: 1000 }, timestamp: 6000 }])
 *
 * Throws ConfigurationError for a program that could not run as a job either.
 */
export function operatorHarness<A, B, O>(
  build: (first: DataStream<A>, second: DataStream<B>) => DataStream<O>,
  options: HarnessOptions = {},
): OperatorHarness<A, B, O> {
  return new OperatorHarness<A, B, O>(build, options)
}

const INPUTS = ['harness-input-1', 'harness-input-2'] as const
const OUTPUT = 'harness-output'

export class OperatorHarness<A, B, O> {
  readonly #runtime: HarnessRuntime
  readonly #pipeline: HarnessPipeline
  readonly #records: HarnessRecord<O>[] = []
  readonly #controls: HarnessControl[] = []
  readonly #elements: HarnessElement<O>[] = []
  readonly #sides = new Map<string, HarnessRecord<unknown>[]>()
  readonly #ended = new Set<HarnessInput>()
  /** Why nothing more can be done. */
  #over: string | null = null

  constructor(
    build: (first: DataStream<A>, second: DataStream<B>) => DataStream<O>,
    options: HarnessOptions,
  ) {
    const { restore, seed = 0, startMs = restore?.nowMs ?? 0, isStrict = true } = options
    const { runtimeMode = 'streaming', autoWatermarkIntervalMs, maxParallelism } = options
    const job = defineJob(
      'Operator harness',
      {
        runtimeMode,
        ...(autoWatermarkIntervalMs === undefined ? {} : { autoWatermarkIntervalMs }),
        ...(maxParallelism === undefined ? {} : { maxParallelism }),
      },
      (environment) => {
        const output = build(
          placeholder<A>(environment, INPUTS[0]),
          placeholder<B>(environment, INPUTS[1]),
        )
        output.sinkTo(discardSink(), { uid: OUTPUT, chaining: 'never' })
      },
    )
    this.#runtime = new HarnessRuntime(startMs, seed, (message) => {
      this.#pipeline.deliver(message)
    })
    this.#pipeline = new HarnessPipeline({
      graph: buildJobGraph(job),
      runtime: this.#runtime,
      services: servicePort(options.services ?? {}, this.#runtime),
      isStrict,
      inputs: INPUTS,
      output: OUTPUT,
      restored: restore?.vertices ?? null,
      onOutput: (element) => {
        this.#take(element)
      },
      unread: (tag) => ({
        emit: (value, timestamp) => {
          this.#side(tag).push(recordOf(value, timestamp))
        },
      }),
    })
  }

  /** What the clock reads, in ms. */
  get now(): number {
    return this.#runtime.now()
  }

  /** Records that came too late and went nowhere, since the harness was made. */
  get lateRecordsDropped(): number {
    return this.#sum(({ lateRecordsDropped }) => lateRecordsDropped)
  }

  /** Entries in keyed state, over all states and keys: 0 when a program has cleaned up behind itself. */
  get stateEntries(): number {
    return this.#sum(({ keyedState }) => keyedState?.keyCount() ?? 0)
  }

  /** Event-time timers that are registered, over all keys. */
  get eventTimeTimers(): number {
    return this.#sum(({ keyedState }) => keyedState?.timerQueue('event').size ?? 0)
  }

  /** Processing-time timers that are registered, over all keys. */
  get processingTimeTimers(): number {
    return this.#sum(({ keyedState }) => keyedState?.timerQueue('processing').size ?? 0)
  }

  /** Gives a record to an input and lets it run through the pipeline. `timestamp` in ms; without one it has none. */
  push<I extends HarnessInput = 1>(
    value: ValueOf<A, B, I>,
    timestamp: number | null = null,
    input?: I,
  ): void {
    if (Number.isNaN(timestamp)) throw badTime('a record with the timestamp NaN was pushed')
    const to = this.#open(input ?? 1)
    this.#step(() => {
      this.#pipeline.push(to, value, timestamp ?? NO_TIMESTAMP)
    })
  }

  /** A watermark arrives at an input. One that does not advance changes nothing; Infinity is the end of event time. */
  watermark(watermark: number, input: HarnessInput = 1): void {
    if (Number.isNaN(watermark)) throw badTime('the watermark is NaN')
    const to = this.#open(input)
    this.#step(() => {
      this.#pipeline.control(to, { type: 'watermark', timestamp: watermark })
    })
  }

  /** An input becomes idle, so that nobody waits for its watermarks, or active again. */
  idle(isIdle: boolean, input: HarnessInput = 1): void {
    const to = this.#open(input)
    this.#step(() => {
      this.#pipeline.control(to, { type: 'watermark-status', isIdle })
    })
  }

  /**
   * The clock jumps by so many ms; then everything that is due by then happens in the order of its time, processing-time
   * timers and periodic watermarks too, and the clock reads the target in each.
   */
  advanceTime(ms: number): void {
    if (!(ms >= 0)) throw badTime(`the clock cannot be moved by ${ms} ms`)
    this.#step(() => {
      this.#runtime.jump(this.#runtime.now() + ms, () => {
        this.#pipeline.run()
      })
      this.#pipeline.run()
    })
  }

  /** An input ends, by default both: event time is over there. In batch mode this is when the results come. */
  endInput(input?: HarnessInput): void {
    for (const each of input === undefined ? ([1, 2] as const) : [input]) {
      if (this.#ended.has(each)) continue
      const to = this.#open(each)
      this.#ended.add(each)
      this.#step(() => {
        this.#pipeline.control(to, { type: 'watermark', timestamp: MAX_WATERMARK })
        this.#pipeline.control(to, { type: 'end-of-input' })
      })
    }
  }

  /** The records that came out since the last call, in order. */
  output(): readonly HarnessRecord<O>[] {
    return this.#records.splice(0)
  }

  /** The watermarks and changes of status that came out since the last call. */
  controls(): readonly HarnessControl[] {
    return this.#controls.splice(0)
  }

  /** Both in one order, since the last call of this. */
  elements(): readonly HarnessElement<O>[] {
    return this.#elements.splice(0)
  }

  /** What was emitted to a side output since the last call, unless the pipeline itself reads that side output. */
  sideOutput<T>(tag: OutputTag<T>): readonly HarnessRecord<T>[] {
    // The tag says what its records are; the pipeline's own types hold whoever emits to it.
    return this.#side(tag.name).splice(0) as HarnessRecord<T>[]
  }

  /**
   * What a state holds for a key: the value, the elements of a list, a Map, the reduced value or the result of the
   * aggregate; undefined (of lists and maps: nothing in them) if there is none. Looking is no access: values that
   * expired and were not removed yet are there. With several keyed operators name one by its uid.
   */
  state<T>(descriptor: ValueStateDescriptor<T>, key: unknown, uid?: string): T | undefined
  state<T>(descriptor: ListStateDescriptor<T>, key: unknown, uid?: string): readonly T[]
  state<K, V>(descriptor: MapStateDescriptor<K, V>, key: unknown, uid?: string): ReadonlyMap<K, V>
  state<T>(descriptor: ReducingStateDescriptor<T>, key: unknown, uid?: string): T | undefined
  state<I, S, R>(
    descriptor: AggregatingStateDescriptor<I, S, R>,
    key: unknown,
    uid?: string,
  ): R | undefined
  state(descriptor: AnyStateDescriptor, key: unknown, uid?: string): unknown {
    return storedState(this.#pipeline.vertices, descriptor, key, uid)
  }

  /** The state, as a checkpoint would keep it. Throws ConfigurationError while an operator waits for answers. */
  snapshot(): HarnessSnapshot {
    this.#checkRunning()
    return { vertices: this.#pipeline.snapshot(), nowMs: this.#runtime.now() }
  }

  /** Closes the functions. Nothing can be pushed after that; what came out can still be read. */
  close(): void {
    if (this.#over !== null) return
    this.#over = 'it was closed'
    this.#pipeline.close()
  }

  #open(input: HarnessInput): number {
    if (this.#ended.has(input)) {
      throw new ConfigurationError(
        'harness-input-ended',
        `Input ${input} has ended; nothing can follow there.`,
      )
    }
    return input - 1
  }

  #step(action: () => void): void {
    this.#checkRunning()
    try {
      action()
    } catch (error) {
      this.#over = 'an operator failed in it'
      throw error
    }
  }

  #checkRunning(): void {
    if (this.#over === null) return
    throw new ConfigurationError(
      'harness-over',
      `This harness cannot go on: ${this.#over}. Make a new one, with \`restore\` if its state is to go on.`,
    )
  }

  #take(element: Element): void {
    switch (element.type) {
      case 'records':
        for (const [at, value] of element.values.entries()) {
          // The pipeline's own types hold the last operator to O.
          const record = recordOf(value, element.timestamps[at] ?? NO_TIMESTAMP) as HarnessRecord<O>
          this.#records.push(record)
          this.#elements.push({ type: 'record', ...record })
        }
        return
      case 'watermark':
        this.#control({ type: 'watermark', watermark: element.timestamp })
        return
      case 'watermark-status':
        this.#control({ type: 'status', isIdle: element.isIdle })
        return
      default:
    }
  }

  #control(control: HarnessControl): void {
    this.#controls.push(control)
    this.#elements.push(control)
  }

  #side(tag: string): HarnessRecord<unknown>[] {
    let records = this.#sides.get(tag)
    if (records === undefined) {
      records = []
      this.#sides.set(tag, records)
    }
    return records
  }

  #sum(count: (vertex: HarnessPipeline['vertices'][number]) => number): number {
    return this.#pipeline.vertices.reduce((sum, vertex) => sum + count(vertex), 0)
  }
}

/** Stands where a source would; the harness sends on its edges. */
function placeholder<T>(environment: StreamEnvironment, uid: string): DataStream<T> {
  const nothing = generatorSource<T>(0, () => {
    throw new TypeError('A placeholder reads nothing.')
  })
  return environment.fromSource(nothing, {
    uid,
    chaining: 'never',
    watermarks: forMonotonousTimestamps(),
  })
}

function recordOf(value: unknown, timestamp: number): HarnessRecord<unknown> {
  return { value, timestamp: timestamp === NO_TIMESTAMP ? null : timestamp }
}

/** Answers come in a turn of their own, as from any world. */
function servicePort(
  services: Readonly<Record<string, HarnessService>>,
  runtime: HarnessRuntime,
): ServicePort {
  const byName = new Map(Object.entries(services))
  return {
    has: (service) => byName.has(service),
    call(service, request, onReply) {
      const reply = (answer: ServiceReply): void => {
        runtime.schedule(0, 'reply', () => {
          onReply(answer)
        })
      }
      byName.get(service)?.(request, reply)
    },
  }
}

function badTime(what: string): ConfigurationError {
  return new ConfigurationError('harness-bad-time', `In the operator harness ${what}; give ms.`)
}
