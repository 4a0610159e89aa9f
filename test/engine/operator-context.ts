/** The surroundings of one operator, with outputs that are lists. */
import { present } from '../../engine/assert.ts'
import { MIN_WATERMARK } from '../../engine/element.ts'
import { attemptId, subtaskId, vertexId } from '../../engine/ids.ts'
import { Mutants } from '../../engine/mutants.ts'
import type { OperatorContext } from '../../engine/operator/operator.ts'
import { KeyedTimerService } from '../../engine/operator/timer-service.ts'
import type { BrokerPort, FilePort, ServicePort } from '../../engine/runtime.ts'
import { FakeRuntime } from './fake-runtime.ts'

/** Whoever asks for a broker without having given one has made a mistake. */
export const NO_BROKER: BrokerPort = {
  connect: () => {
    throw new Error('This test has no broker.')
  },
}

export const NO_SERVICES: ServicePort = {
  has: () => false,
  call: () => {
    throw new Error('This test has no services.')
  },
}

function noFiles(): never {
  throw new Error('This test has no files.')
}

export const NO_FILES: FilePort = {
  read: noFiles,
  write: noFiles,
  rename: noFiles,
  delete: noFiles,
}

export interface Emitted {
  readonly value: unknown
  readonly timestamp: number
}

export interface TestContext extends OperatorContext {
  /** What was emitted, by the tag of the output; `main` for the main output. */
  readonly emitted: Map<string, Emitted[]>
  /** Watermarks, and changes of status: true is idle. */
  readonly control: (number | boolean)[]
  readonly failures: string[]
  currentWatermark: number
  /** What `timers` made; the test advances it. */
  timerService: KeyedTimerService | null
  wakes: number
}

export function operatorContext(overrides: Partial<OperatorContext> = {}): TestContext {
  const emitted = new Map<string, Emitted[]>()
  const control: (number | boolean)[] = []
  const failures: string[] = []
  const runtime = overrides.runtime ?? new FakeRuntime()
  const context: TestContext = {
    uid: 'op',
    name: 'op',
    jobName: 'Job',
    subtask: subtaskId(vertexId('op'), overrides.subtaskIndex ?? 0),
    subtaskIndex: 0,
    parallelism: 1,
    attempt: attemptId(1),
    runtime,
    broker: NO_BROKER,
    services: NO_SERVICES,
    files: NO_FILES,
    runtimeMode: 'streaming',
    autoWatermarkIntervalMs: 200,
    mutants: new Mutants(),
    provenance: { isOn: false, current: null },
    keyedState: null,
    output: (tag) => {
      const list: Emitted[] = emitted.get(tag ?? 'main') ?? []
      emitted.set(tag ?? 'main', list)
      return {
        emit: (value, timestamp) => {
          list.push({ value, timestamp })
        },
      }
    },
    currentWatermark: MIN_WATERMARK,
    processingTime: () => Math.floor(runtime.now()),
    emitWatermark: (watermark) => control.push(watermark),
    emitStatus: (isIdle) => control.push(isIdle),
    timers: (target) => {
      const state = present(context.keyedState, 'This test has no keyed state.')
      context.timerService = new KeyedTimerService(target, {
        state,
        mutants: context.mutants,
        runtimeMode: context.runtimeMode,
        processingTime: () => context.processingTime(),
        schedule: (delayMs, label, callback) => context.schedule(delayMs, label, callback),
        cancel: (timer) => {
          context.cancel(timer)
        },
      })
      return context.timerService
    },
    schedule: (delayMs, label, callback) => runtime.schedule(delayMs, label, callback),
    cancel: (timer) => {
      runtime.cancel(timer)
    },
    wake: () => {
      context.wakes += 1
    },
    fail: (reason) => failures.push(reason),
    emitted,
    control,
    failures,
    timerService: null,
    wakes: 0,
    ...overrides,
  }
  return context
}

/** The values of an output, in order. */
export function valuesOf(context: TestContext, tag = 'main'): unknown[] {
  return (context.emitted.get(tag) ?? []).map(({ value }) => value)
}
