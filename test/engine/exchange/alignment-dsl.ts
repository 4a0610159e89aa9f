/**
 * Alignment in strings. An arrival is a channel's letter and what it brings: `a1` barrier 1, `au1` one that overtakes,
 * `at1` one that may time out, `ao1` one that is too old already, `a?1` the announcement of one that may time out, `af1`
 * one that an edge forced into line, `ax1` cancel marker 1, `a.` a record, `a$` the end; `-#1` is the clock, at which
 * checkpoint 1 times out. The clock shows the number of the arrival, so alignment times can be read off.
 */
import { expect } from 'vitest'
import { present } from '../../../engine/assert.ts'
import type { Barrier } from '../../../engine/element.ts'
import type {
  HandlerEffect,
  HandlerInput,
  HandlerState,
} from '../../../engine/exchange/barrier-handler.ts'
import { newHandler, step } from '../../../engine/exchange/barrier-handler.ts'
import { checkpointId, millis } from '../../../engine/ids.ts'

/** The barrier handler of a subtask with its channels; refuses an arrival on a channel that is blocked. */
export class Alignment {
  readonly blocked = new Set<number>()
  readonly triggered: number[] = []
  state: HandlerState
  #now = 0

  constructor(channels: number, isAlternating = false) {
    this.state = newHandler(channels, isAlternating)
  }

  /** What the arrival makes the handler do, as `block a` or `trigger 1 after 2`. */
  arrive(arrival: string): string[] {
    this.#now += 1
    const channel = channelOf(arrival)
    expect(this.blocked.has(channel), `${arrival} comes through a blocked channel`).toBe(false)
    const input = parseArrival(arrival, channel)
    if (input === null) return []
    const [state, effects] = step(this.state, input, millis(this.#now))
    this.state = state
    return effects.map((effect) => this.#carryOut(effect))
  }

  #carryOut(effect: HandlerEffect): string {
    switch (effect.type) {
      case 'block':
        expect(this.blocked.has(effect.channel), 'a channel is blocked once').toBe(false)
        this.blocked.add(effect.channel)
        break
      case 'unblock':
        expect(this.blocked.delete(effect.channel), 'only a blocked channel is unblocked').toBe(
          true,
        )
        break
      case 'trigger':
        this.triggered.push(effect.barrier.checkpoint)
        break
      default:
    }
    return describeEffect(effect)
  }
}

export function describeEffect(effect: HandlerEffect): string {
  switch (effect.type) {
    case 'block':
    case 'unblock':
    case 'prioritize':
      return `${effect.type} ${letter(effect.channel)}`
    case 'start-timer':
      return `timer ${effect.delayMs}`
    case 'cancel-timer':
      return 'no timer'
    case 'time-out':
      return `time out ${effect.checkpoint}`
    case 'capture':
      return `capture but of ${effect.delivered.map(letter).join('') || 'none'}`
    case 'trigger':
      return `trigger ${nameOf(effect.barrier)} after ${effect.alignmentMs}`
    case 'captured':
      return `captured after ${effect.alignmentMs}`
    case 'abort':
      return `abort ${effect.checkpoint}: ${effect.reason}`
  }
}

function nameOf({ alignment, checkpoint }: Barrier): string {
  return alignment === 'aligned' ? String(checkpoint) : `${alignment} ${checkpoint}`
}

/** The effects of arrivals in order: `['a1: block a', 'b1: trigger 1 after 1, unblock a']`; none are left out. */
export function align(channels: number, arrivals: string, isAlternating = false): string[] {
  const alignment = new Alignment(channels, isAlternating)
  return arrivals.split(' ').flatMap((arrival) => {
    const effects = alignment.arrive(arrival)
    return effects.length === 0 ? [] : [`${arrival}: ${effects.join(', ')}`]
  })
}

/** The FIFO contents of channels: `'a1 a2 | b1'` is barrier 1 and 2 on channel a, barrier 1 on channel b. */
export function parseChannels(text: string): string[][] {
  return text.split('|').map((channel) => channel.split(' ').filter((arrival) => arrival !== ''))
}

/** Takes elements of channels that are not blocked, chosen by `picks`, until none is left or all are blocked. */
export function interleave(channels: readonly (readonly string[])[], picks: readonly number[]) {
  const alignment = new Alignment(channels.length)
  const queues = channels.map((channel) => [...channel])
  const order: { readonly arrival: string; readonly effects: readonly string[] }[] = []
  for (let turn = 0; ; turn++) {
    const ready = queues.filter((queue, i) => queue.length > 0 && !alignment.blocked.has(i))
    if (ready.length === 0) return { alignment, order, left: queues.flat() }
    const queue = present(ready[(picks[turn % picks.length] ?? 0) % ready.length], 'One is ready.')
    const arrival = present(queue.shift(), 'It has an element.')
    order.push({ arrival, effects: alignment.arrive(arrival) })
  }
}

/** Null: a record. */
export function parseArrival(arrival: string, channel: number): HandlerInput | null {
  const [, kind = '', digits = ''] = /^.([^0-9]?)([0-9]*)$/.exec(arrival) ?? []
  const checkpoint = checkpointId(Number(digits))
  switch (kind) {
    case '.':
      return null
    case '$':
      return { type: 'end-of-input', channel }
    case 'x':
      return { type: 'cancel-marker', channel, checkpoint }
    case '#':
      return { type: 'timed-out', checkpoint }
    case '?':
      return { type: 'announcement', channel, barrier: barrierOf('t', checkpoint) }
    default:
      return { type: 'barrier', channel, barrier: barrierOf(kind, checkpoint) }
  }
}

/** So long a barrier may wait: longer than any test. */
const PATIENCE_MS = 100

function barrierOf(kind: string, checkpoint: Barrier['checkpoint']): Barrier {
  const barrier = { type: 'barrier', checkpoint, timestamp: millis(0), kind: 'checkpoint' } as const
  switch (kind) {
    case 'u':
      return { ...barrier, alignment: 'unaligned' }
    case 'f':
      return { ...barrier, alignment: 'forced-aligned' }
    case 't':
      return { ...barrier, alignment: 'aligned', alignedTimeoutMs: PATIENCE_MS }
    case 'o':
      return { ...barrier, alignment: 'aligned', alignedTimeoutMs: 1 }
    default:
      return { ...barrier, alignment: 'aligned' }
  }
}

function channelOf(arrival: string): number {
  return arrival.charCodeAt(0) - 'a'.charCodeAt(0)
}

function letter(channel: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + channel)
}
