/**
 * Alignment in strings. An arrival is a channel's letter and what it brings: `a1` barrier 1, `ax1` cancel marker 1, `a.`
 * a record, `a$` the end. The clock shows the number of the arrival, so alignment times can be read off.
 */
import { expect } from 'vitest'
import { present } from '../../../engine/assert.ts'
import type {
  AlignerEffect,
  AlignerInput,
  AlignerState,
} from '../../../engine/exchange/barrier-aligner.ts'
import { newAligner, step } from '../../../engine/exchange/barrier-aligner.ts'
import { checkpointId, millis } from '../../../engine/ids.ts'
import { barrierOf } from '../snapshot-handles.ts'

/** The aligner of a subtask with its channels; refuses an arrival on a channel that is blocked. */
export class Alignment {
  readonly blocked = new Set<number>()
  readonly triggered: number[] = []
  state: AlignerState
  #now = 0

  constructor(channels: number) {
    this.state = newAligner(channels)
  }

  /** What the arrival makes the aligner do, as `block a` or `trigger 1 after 2`. */
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

  #carryOut(effect: AlignerEffect): string {
    switch (effect.type) {
      case 'block':
        expect(this.blocked.has(effect.channel), 'a channel is blocked once').toBe(false)
        this.blocked.add(effect.channel)
        return `block ${letter(effect.channel)}`
      case 'unblock':
        expect(this.blocked.delete(effect.channel), 'only a blocked channel is unblocked').toBe(
          true,
        )
        return `unblock ${letter(effect.channel)}`
      case 'trigger':
        this.triggered.push(effect.barrier.checkpoint)
        return `trigger ${effect.barrier.checkpoint} after ${effect.alignmentMs}`
      case 'abort':
        return `abort ${effect.checkpoint}: ${effect.reason}`
    }
  }
}

/** The effects of arrivals in order: `['a1: block a', 'b1: trigger 1 after 1, unblock a']`; none are left out. */
export function align(channels: number, arrivals: string): string[] {
  const alignment = new Alignment(channels)
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

function parseArrival(arrival: string, channel: number): AlignerInput | null {
  const what = arrival.slice(1)
  if (what === '.') return null
  if (what === '$') return { type: 'end-of-input', channel }
  if (what.startsWith('x')) {
    return { type: 'cancel-marker', checkpoint: checkpointId(Number(what.slice(1))) }
  }
  return { type: 'barrier', channel, barrier: barrierOf(Number(what)) }
}

function channelOf(arrival: string): number {
  return arrival.charCodeAt(0) - 'a'.charCodeAt(0)
}

function letter(channel: number): string {
  return String.fromCharCode('a'.charCodeAt(0) + channel)
}
