/**
 * The key groups of a vertex with some of their states and timers replaced by lines, dealt out to its subtasks. Every line
 * is checked against what the checkpoint says: how the state is kept, and in which key group its key belongs.
 */
import { present } from '../assert.ts'
import { ConfigurationError } from '../errors.ts'
import type { KeyGroupContent } from '../state/key-group-segment.ts'
import { CorruptStateError } from '../state/corrupt-state-error.ts'
import { keyGroupOf, operatorIndexOf } from '../state/key-groups.ts'
import type { StateInfo, StateSegment } from '../state/store-segment.ts'
import { decodeTimer } from '../state/timer-segment.ts'
import type { TimerSegment } from '../state/timer-segment.ts'
import { grouped } from './grouped.ts'
import { maxParallelismCandidates } from './max-parallelism.ts'
import type { PlacedKey } from './max-parallelism.ts'
import { lineError } from './parse-line.ts'
import type { KeyedLine, StateLine, TimerLine } from './parse-line.ts'
import { timersName } from './state-lines.ts'
import { rowsOf } from './state-rows.ts'
import type { StoredVertex } from './stored-state.ts'
import { segmentOf, timersOf } from './write-states.ts'

const DOMAINS = ['event', 'processing'] as const

type IsReplaced = (operator: string, state: string) => boolean
type PlacedLine = KeyedLine | TimerLine

/** The key groups of each subtask, ascending. */
export function importKeyed(
  { vertex, subtasks }: StoredVertex,
  lines: readonly StateLine[],
  isReplaced: IsReplaced,
  maxParallelism: number | undefined,
): readonly (readonly KeyGroupContent[])[] {
  const stored = subtasks.map(({ keyGroups }) => keyGroups ?? [])
  const own = lines.filter((line): line is PlacedLine => {
    return line.operator === vertex && (line.type === 'keyed' || line.type === 'timer')
  })
  const infos = agreedInfos(stored.flat(), own)
  const placement =
    own.length === 0 ? null : placementOf(vertex, stored.flat(), own, maxParallelism)
  const byGroup = grouped(own, (line) =>
    present(placement, 'Lines have a placement.').keyGroupOf(line),
  )
  const isNew = (state: string): boolean => isReplaced(vertex, state)
  return stored.map((contents, index) => {
    const known = new Set(contents.map(({ keyGroup }) => keyGroup))
    const everywhere = new Set(stored.flat().map(({ keyGroup }) => keyGroup))
    const added = [...byGroup.keys()].filter(
      (keyGroup) =>
        !everywhere.has(keyGroup) && placement?.subtaskOf(keyGroup, stored.length) === index,
    )
    return [...known, ...added]
      .sort((a, b) => a - b)
      .map((keyGroup) => {
        const old = contents.find((content) => content.keyGroup === keyGroup)
        const content = old ?? { keyGroup, states: [], timers: [] }
        return replaceIn(content, byGroup.get(keyGroup) ?? [], isNew, infos)
      })
      .filter(({ states, timers }) => states.length + timers.length > 0)
  })
}

/** A replaced state stays in its place; one that was not there comes last. */
function replaceIn(
  { keyGroup, states, timers }: KeyGroupContent,
  lines: readonly PlacedLine[],
  isReplaced: (state: string) => boolean,
  infos: ReadonlyMap<string, StateInfo>,
): KeyGroupContent {
  const isKeyed = (line: PlacedLine): line is KeyedLine => line.type === 'keyed'
  const isTimer = (line: PlacedLine): line is TimerLine => line.type === 'timer'
  const fresh = grouped(lines.filter(isKeyed), ({ state }) => state)
  const freshTimers = grouped(lines.filter(isTimer), ({ state }) => state)
  const written = new Map<string, StateSegment>()
  for (const [state, own] of fresh) {
    written.set(state, segmentOf(present(infos.get(state), 'A state without info.'), own))
  }
  const kept = states.map((segment) => {
    const { name } = segment.info
    return isReplaced(name) ? written.get(name) : segment
  })
  const names = new Set(states.map(({ info }) => info.name))
  const added = [...written].filter(([name]) => !names.has(name)).map(([, segment]) => segment)
  return {
    keyGroup,
    states: [...kept.filter((segment) => segment !== undefined), ...added],
    timers: timersIn(timers, freshTimers, isReplaced),
  }
}

function timersIn(
  stored: readonly TimerSegment[],
  fresh: ReadonlyMap<string, readonly TimerLine[]>,
  isReplaced: (state: string) => boolean,
): TimerSegment[] {
  const domains = new Set([...stored.map(({ domain }) => domain), ...DOMAINS])
  return [...domains].flatMap((domain) => {
    const name = timersName(domain)
    if (!isReplaced(name)) return stored.filter((queue) => queue.domain === domain)
    return timersOf(fresh.get(name) ?? []) ?? []
  })
}

/** How each state is kept: as the checkpoint says, else as its first line. All lines must agree. */
function agreedInfos(
  contents: readonly KeyGroupContent[],
  lines: readonly PlacedLine[],
): ReadonlyMap<string, StateInfo> {
  const infos = new Map<string, StateInfo>()
  for (const { states } of contents) for (const { info } of states) infos.set(info.name, info)
  for (const line of lines) {
    if (line.type !== 'keyed') continue
    const { info, state, number } = line
    const agreed = infos.get(state) ?? info
    infos.set(state, agreed)
    if (wordsFor(info) === wordsFor(agreed)) continue
    throw lineError(
      number,
      `the state "${state}" is ${wordsFor(info)} here, but ${wordsFor(agreed)} in the checkpoint or an earlier line`,
    )
  }
  return infos
}

function wordsFor({ kind, serializer, keySerializer, isNamespaced, hasTtl }: StateInfo): string {
  const serializers = keySerializer === '' ? serializer : `${keySerializer} to ${serializer}`
  const namespaces = isNamespaced ? 'with namespaces' : 'without namespaces'
  return `a ${kind} state (${serializers}) ${namespaces} and ${hasTtl ? 'with' : 'without'} last uses`
}

interface Placement {
  keyGroupOf(line: PlacedLine): number
  subtaskOf(keyGroup: number, parallelism: number): number
}

function placementOf(
  vertex: string,
  contents: readonly KeyGroupContent[],
  lines: readonly PlacedLine[],
  given: number | undefined,
): Placement {
  const candidates = maxParallelismCandidates(placedKeys(contents), given)
  if (candidates.length === 0) throw noCandidate(vertex, contents, given)
  const only = (): number => {
    const [max = 0] = candidates
    if (candidates.length === 1) return max
    throw new ConfigurationError(
      'unknown-max-parallelism',
      `What ${vertex} stored is too little to tell its maximum parallelism: say it with --max-parallelism N (128 unless the job says otherwise).`,
    )
  }
  const placedIn = new Map(lines.map((line) => [line, keyGroupIn(line, candidates, only)]))
  return {
    keyGroupOf: (line) => present(placedIn.get(line), 'A line has no place.'),
    subtaskOf: (keyGroup, parallelism) => operatorIndexOf(keyGroup, only(), parallelism),
  }
}

function noCandidate(
  vertex: string,
  contents: readonly KeyGroupContent[],
  given: number | undefined,
): Error {
  const [right] = maxParallelismCandidates(placedKeys(contents))
  if (given === undefined || right === undefined) {
    return new CorruptStateError(`The key groups of ${vertex} are not those of its keys.`)
  }
  return new ConfigurationError(
    'wrong-max-parallelism',
    `The key groups of ${vertex} do not fit a maximum parallelism of ${given}; with ${right} they do.`,
  )
}

function keyGroupIn(line: PlacedLine, candidates: readonly number[], only: () => number): number {
  const { keyGroup, hash, number } = line
  if (keyGroup === undefined) return keyGroupOf(hash, only())
  if (candidates.some((max) => keyGroupOf(hash, max) === keyGroup)) return keyGroup
  const right = keyGroupOf(hash, only())
  throw lineError(number, `its key belongs to key group ${right}, not to ${keyGroup}`)
}

function* placedKeys(contents: readonly KeyGroupContent[]): Iterable<PlacedKey> {
  for (const { keyGroup, states, timers } of contents) {
    for (const segment of states) for (const { hash } of rowsOf(segment)) yield { hash, keyGroup }
    for (const row of timers.flatMap(({ rows }) => rows)) {
      yield { hash: decodeTimer(row).hash, keyGroup }
    }
  }
}
