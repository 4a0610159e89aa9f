/** Tells, for pictures, what the current key's state is after a record: level `records` only. */
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

export function traceState(
  { runtime, deployment }: Pick<SubtaskEnvironment, 'runtime' | 'deployment'>,
  operator: string,
  state: KeyedStateBackend,
): void {
  runtime.trace({
    type: 'state-updated',
    subtask: deployment.subtask,
    operator,
    key: printed(state.currentKey),
    value: state.currentValues().map(printed).join(', '),
  })
}

function printed(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Map) {
    const entries = [...value].map(([key, held]) => `${printed(key)}: ${printed(held)}`)
    return `{${entries.join(', ')}}`
  }
  return JSON.stringify(value)
}
