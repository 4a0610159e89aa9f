/** The surroundings of one operator, with outputs that are lists. */
import { attemptId, subtaskId, vertexId } from '../../engine/ids.ts'
import { Mutants } from '../../engine/mutants.ts'
import type { OperatorContext } from '../../engine/operator/operator.ts'
import type { BrokerPort } from '../../engine/runtime.ts'
import { FakeRuntime } from './fake-runtime.ts'

/** Whoever asks for a broker without having given one has made a mistake. */
export const NO_BROKER: BrokerPort = {
  connect: () => {
    throw new Error('This test has no broker.')
  },
}

export interface Emitted {
  readonly value: unknown
  readonly timestamp: number
}

export interface TestContext extends OperatorContext {
  /** What was emitted, by the tag of the output; `main` for the main output. */
  readonly emitted: Map<string, Emitted[]>
  readonly failures: string[]
  wakes: number
}

export function operatorContext(overrides: Partial<OperatorContext> = {}): TestContext {
  const emitted = new Map<string, Emitted[]>()
  const failures: string[] = []
  const context: TestContext = {
    uid: 'op',
    name: 'op',
    jobName: 'Job',
    subtask: subtaskId(vertexId('op'), overrides.subtaskIndex ?? 0),
    subtaskIndex: 0,
    parallelism: 1,
    attempt: attemptId(1),
    runtime: new FakeRuntime(),
    broker: NO_BROKER,
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
    wake: () => {
      context.wakes += 1
    },
    fail: (reason) => failures.push(reason),
    emitted,
    failures,
    wakes: 0,
    ...overrides,
  }
  return context
}

/** The values of an output, in order. */
export function valuesOf(context: TestContext, tag = 'main'): unknown[] {
  return (context.emitted.get(tag) ?? []).map(({ value }) => value)
}
