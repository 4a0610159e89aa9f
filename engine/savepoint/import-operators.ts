/** Operator state and the state of coordinators, with what lines replace of them. */
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import type {
  OperatorHandle,
  OperatorStateEntry,
  SnapshotHandle,
} from '../checkpoint/snapshot-handle.ts'
import { binary } from '../serializer.ts'
import { grouped } from './grouped.ts'
import { lineError } from './parse-line.ts'
import type { CoordinatorLine, OperatorLine, StateLine } from './parse-line.ts'
import { COORDINATOR } from './state-lines.ts'
import { RawValue } from './tagged-json.ts'

type IsReplaced = (operator: string, state: string) => boolean

/** The operators of each subtask. */
export function importOperators(
  base: CheckpointMetadata,
  lines: readonly StateLine[],
  isReplaced: IsReplaced,
): ReadonlyMap<string, readonly OperatorHandle[]> {
  const own = lines.filter((line): line is OperatorLine => line.type === 'operator')
  const placed = new Set<OperatorLine>()
  const result = new Map<string, readonly OperatorHandle[]>()
  for (const handle of base.handles) {
    const index = indexOf(handle)
    result.set(
      handle.subtask,
      handle.operators.map(({ uid, operatorState }) => {
        const mine = own.filter(({ operator, subtask }) => operator === uid && subtask === index)
        for (const line of mine) placed.add(line)
        return { uid, operatorState: replaceIn(uid, operatorState, mine, isReplaced) }
      }),
    )
  }
  const lost = own.find((line) => !placed.has(line))
  if (lost === undefined) return result
  throw lineError(lost.number, `the operator "${lost.operator}" has no subtask ${lost.subtask}`)
}

function replaceIn(
  uid: string,
  entries: readonly OperatorStateEntry[],
  lines: readonly OperatorLine[],
  isReplaced: IsReplaced,
): OperatorStateEntry[] {
  const kept = entries.map((entry) => {
    if (!isReplaced(uid, entry.name)) return entry
    const mine = lines.filter(({ state }) => state === entry.name)
    const other = mine.find(({ redistribution }) => redistribution !== entry.redistribution)
    if (other !== undefined) {
      const { number, state, redistribution } = other
      throw lineError(
        number,
        `the state "${state}" is ${redistribution} here, but ${entry.redistribution} in the checkpoint`,
      )
    }
    return { ...entry, items: mine.map(({ value }) => itemOf(value)) }
  })
  const names = new Set(entries.map(({ name }) => name))
  const added = grouped(
    lines.filter(({ state }) => !names.has(state)),
    ({ state }) => state,
  )
  return [...kept, ...[...added].map(([name, mine]) => newEntry(name, mine))]
}

function newEntry(name: string, lines: readonly OperatorLine[]): OperatorStateEntry {
  const redistribution = lines[0]?.redistribution ?? 'split'
  const other = lines.find((line) => line.redistribution !== redistribution)
  if (other !== undefined) {
    throw lineError(other.number, `the state "${name}" is ${redistribution} in an earlier line`)
  }
  return { name, redistribution, items: lines.map(({ value }) => itemOf(value)) }
}

/** A coordinator has one state: it can be replaced, not removed. */
export function importCoordinators(
  { coordinators }: CheckpointMetadata,
  lines: readonly StateLine[],
  isReplaced: IsReplaced,
): CheckpointMetadata['coordinators'] {
  const own = lines.filter((line): line is CoordinatorLine => line.type === 'coordinator')
  return coordinators.map(({ uid, state }) => {
    const [line, second] = own.filter(({ operator }) => operator === uid)
    if (second !== undefined) {
      throw lineError(second.number, `the coordinator of "${uid}" is there twice`)
    }
    if (line === undefined || !isReplaced(uid, COORDINATOR)) return { uid, state }
    return { uid, state: itemOf(line.value) }
  })
}

function itemOf(value: unknown): Uint8Array {
  return value instanceof RawValue ? value.bytes : binary.encode(value)
}

function indexOf({ subtask }: SnapshotHandle): number {
  return Number(subtask.slice(subtask.lastIndexOf('/') + 1))
}
