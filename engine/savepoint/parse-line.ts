/** A line of an export, read and checked: what is wrong with it becomes one sentence that names the line. */
import { ConfigurationError } from '../errors.ts'
import type { Redistribution } from '../checkpoint/snapshot-handle.ts'
import { hashKey } from '../serializer.ts'
import type { StateInfo, StateKind } from '../state/store-segment.ts'
import type { TimerDomain } from '../state/timer-queue.ts'
import { knownSerializer } from './state-rows.ts'
import { fromTagged, RawValue } from './tagged-json.ts'
import type { Json } from './tagged-json.ts'
import { timersName } from './state-lines.ts'

interface LineHead {
  /** From 1. */
  readonly number: number
  readonly operator: string
  readonly state: string
}

export interface KeyedLine extends LineHead {
  readonly type: 'keyed'
  readonly info: StateInfo
  /** Absent: to be computed. */
  readonly keyGroup: number | undefined
  readonly key: unknown
  readonly hash: number
  readonly namespace: number
  /** Of a list the elements, of a map pairs, else the value. */
  readonly value: unknown
  readonly stamps: readonly number[]
}

export interface TimerLine extends LineHead {
  readonly type: 'timer'
  readonly domain: TimerDomain
  readonly keyGroup: number | undefined
  readonly key: unknown
  readonly hash: number
  readonly time: number
  readonly start: number
  readonly end: number
  readonly order: number
}

export interface OperatorLine extends LineHead {
  readonly type: 'operator'
  readonly redistribution: Redistribution
  readonly subtask: number
  readonly value: unknown
}

export interface CoordinatorLine extends LineHead {
  readonly type: 'coordinator'
  readonly value: unknown
}

export type StateLine = KeyedLine | TimerLine | OperatorLine | CoordinatorLine

const KINDS: readonly StateKind[] = ['value', 'list', 'map']
const REDISTRIBUTIONS: readonly Redistribution[] = ['split', 'union', 'broadcast']
const DOMAINS: readonly TimerDomain[] = ['event', 'processing']

const LAST_ORDER = 0x10_0000_0000_0000

/** What is wrong with a line of that number. */
export function lineError(number: number, what: string): ConfigurationError {
  return new ConfigurationError('malformed-line', `Line ${number}: ${what}.`)
}

/** Throws a ConfigurationError. */
export function parseLine(text: string, number: number): StateLine {
  const fields = new Fields(text, number)
  const head = { number, operator: fields.text('operator'), state: fields.text('state') }
  const kind = fields.text('kind')
  if (kind === 'timer') return timerLine(fields, head)
  if (kind === 'coordinator') return { type: 'coordinator', ...head, value: fields.value('value') }
  if (kind === 'operator') {
    return {
      type: 'operator',
      ...head,
      redistribution: fields.oneOf('redistribution', REDISTRIBUTIONS),
      subtask: fields.count('subtask'),
      value: fields.value('value'),
    }
  }
  return keyedLine(fields, head, fields.oneOf('kind', KINDS))
}

function keyedLine(fields: Fields, head: LineHead, kind: StateKind): KeyedLine {
  const key = fields.value('key')
  const info: StateInfo = {
    name: head.state,
    kind,
    serializer: fields.text('serializer'),
    keySerializer: kind === 'map' ? fields.text('keySerializer') : '',
    isNamespaced: fields.has('namespace'),
    hasTtl: fields.has('at'),
  }
  const value = valueOf(fields, info)
  return {
    type: 'keyed',
    ...head,
    info,
    keyGroup: fields.has('keyGroup') ? fields.count('keyGroup') : undefined,
    key,
    hash: hashOf(fields, key),
    namespace: info.isNamespaced ? fields.number('namespace') : 0,
    value,
    stamps: info.hasTtl ? stampsOf(fields, kind, value) : [],
  }
}

function timerLine(fields: Fields, head: LineHead): TimerLine {
  const domain = DOMAINS.find((each) => timersName(each) === head.state)
  if (domain === undefined) {
    const names = DOMAINS.map((each) => `"${timersName(each)}"`).join(' or ')
    throw lineError(head.number, `timers belong to ${names}, not to "${head.state}"`)
  }
  const key = fields.value('key')
  return {
    type: 'timer',
    ...head,
    domain,
    keyGroup: fields.has('keyGroup') ? fields.count('keyGroup') : undefined,
    key,
    hash: hashOf(fields, key),
    time: fields.number('time'),
    start: fields.number('start'),
    end: fields.number('end'),
    // Without one: behind those that have one, in the order of the lines.
    order: fields.has('order') ? fields.count('order') : LAST_ORDER + head.number,
  }
}

function hashOf(fields: Fields, key: unknown): number {
  return fields.attempt(() => hashKey(key))
}

function valueOf(fields: Fields, info: StateInfo): unknown {
  const value = fields.value('value')
  if (info.kind === 'value') {
    checkValue(fields, value, info.serializer)
    return value
  }
  if (!Array.isArray(value) || value.length === 0) {
    throw fields.error(`the value of a ${info.kind} state is a list that is not empty`)
  }
  for (const item of value as readonly unknown[]) {
    if (info.kind === 'list') {
      checkValue(fields, item, info.serializer)
      continue
    }
    if (!Array.isArray(item) || item.length !== 2) {
      throw fields.error('the value of a map state is a list of pairs [key, value]')
    }
    checkValue(fields, item[0], info.keySerializer)
    checkValue(fields, item[1], info.serializer)
  }
  return value
}

/** Whether the serializer of that name takes the value: what it does with others is not defined. */
function checkValue(fields: Fields, value: unknown, serializer: string): void {
  const known = knownSerializer(serializer)
  if (known === undefined) {
    if (value instanceof RawValue) return
    throw fields.error(`"${serializer}" is the job's own serializer: give its bytes as {"$raw": …}`)
  }
  if (value instanceof RawValue) throw fields.error(`"${serializer}" has no use for {"$raw": …}`)
  if (serializer === 'text' && typeof value !== 'string') throw fields.error('it is no text')
  if (serializer === 'number' && typeof value !== 'number') throw fields.error('it is no number')
  fields.attempt(() => known.encode(value))
}

function stampsOf(fields: Fields, kind: StateKind, value: unknown): readonly number[] {
  if (kind === 'value') return [fields.number('at')]
  const stamps = fields.value('at')
  const isComplete = Array.isArray(stamps) && Array.isArray(value) && stamps.length === value.length
  if (!isComplete || !stamps.every((stamp): stamp is number => typeof stamp === 'number')) {
    throw fields.error('"at" is a list of numbers, one for each item of the value')
  }
  return stamps
}

/** The fields of a line, each taken with its type. */
class Fields {
  readonly #number: number
  readonly #fields: ReadonlyMap<string, Json>

  constructor(text: string, number: number) {
    this.#number = number
    let json: Json
    try {
      json = JSON.parse(text)
    } catch {
      throw this.error('it is no JSON')
    }
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw this.error('it is no JSON object')
    }
    this.#fields = new Map(Object.entries(json))
  }

  error(what: string): ConfigurationError {
    return lineError(this.#number, what)
  }

  has(name: string): boolean {
    return this.#fields.has(name)
  }

  text(name: string): string {
    const value = this.#fields.get(name)
    if (typeof value === 'string') return value
    throw this.error(`it needs "${name}", a text`)
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const given = this.text(name)
    const found = allowed.find((each) => each === given)
    if (found !== undefined) return found
    throw this.error(`"${name}" is "${given}"; it must be one of ${allowed.join(', ')}`)
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    const value = this.#fields.get(name)
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    throw this.error(`it needs "${name}", a whole number that is not negative`)
  }

  number(name: string): number {
    const value = this.value(name)
    if (typeof value === 'number' && !Number.isNaN(value)) return value
    throw this.error(`it needs "${name}", a number`)
  }

  value(name: string): unknown {
    const value = this.#fields.get(name)
    if (value === undefined) throw this.error(`it needs "${name}"`)
    return this.attempt(() => fromTagged(value))
  }

  /** Lets what is wrong with a value name its line. */
  attempt<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      throw this.error(error.message.replace(/\.$/, ''))
    }
  }
}
