/**
 * Channels as lines from producer to consumer. A blocked one is dashed and carries a lock at the consumer, with a
 * square for each element that waits there. Pointers may click them; the keyboard reaches them through the details
 * of their subtasks.
 */
import type { Selection } from 'd3'
import type { ChannelId } from '../../engine/ids.ts'
import type { Language } from '../i18n/index.ts'
import type { Route } from '../layout/geometry.ts'
import { placeAt, polyline } from '../layout/geometry.ts'
import type { GraphLayout } from '../layout/graph-layout.ts'
import type { Wiring } from '../model/reducer.ts'
import type { ChannelState } from '../model/run-state.ts'
import type { Actions, Frame } from './frame.ts'

interface Line {
  readonly id: ChannelId
  readonly way: Route
}

const QUEUE_SHOWN_MAX = 5
/** From the consumer: left of the number of its input. */
const LOCK_PX = 15

type Group = Selection<SVGGElement, unknown, null, undefined>
type Nodes = Selection<SVGGElement, Line, SVGGElement, unknown>

export class GraphChannels {
  readonly #group: Group
  /** Above the titles: a lock must be seen wherever it hangs. */
  readonly #overlay: Group
  readonly #words: Language
  readonly #actions: Actions
  #lines: Nodes | null = null
  readonly #locks = new Map<ChannelId, SVGGElement>()
  readonly #drawn = new Map<ChannelId, ChannelState>()
  #selected: string | null = null

  constructor(group: Group, overlay: Group, words: Language, actions: Actions) {
    this.#group = group.attr('aria-hidden', 'true')
    this.#overlay = overlay.attr('aria-hidden', 'true')
    this.#words = words
    this.#actions = actions
  }

  layOut(layout: GraphLayout): void {
    this.#drawn.clear()
    this.#locks.clear()
    this.#selected = null
    const data = [...layout.channels].map(([id, way]): Line => ({ id, way }))
    this.#lines = this.#group
      .selectAll<SVGGElement, Line>('g.channel')
      .data(data, ({ id }) => id)
      .join((enter) => this.#enter(enter.append('g').attr('class', 'channel')))
    // One by one: `select` hands the new data down, `selectAll` would keep the old.
    for (const line of ['.hit', '.line'])
      this.#lines.select(line).attr('points', ({ way }) => polyline(way))
    const locks = this.#locks
    this.#overlay
      .selectAll<SVGGElement, Line>('g.waiting')
      .data(data, ({ id }) => id)
      .join((enter) => enterLocks(enter.append('g').attr('class', 'waiting')))
      .each(function ({ id }) {
        locks.set(id, this)
      })
      .select('.lock')
      .attr('transform', ({ way }) => {
        const { x, y } = placeAt(way, 1 - LOCK_PX / Math.max(way.length, 2 * LOCK_PX))
        return `translate(${x},${y})`
      })
  }

  draw({ state, app, recording }: Frame): void {
    const selected = app.selection?.kind === 'channel' ? app.selection.id : null
    const drawn = this.#drawn
    const locks = this.#locks
    const hasMoved = selected !== this.#selected
    this.#selected = selected
    const words = this.#words
    this.#lines?.each(function ({ id, way }) {
      const channel = state.channels.get(id)
      if (channel === undefined || (drawn.get(id) === channel && !hasMoved)) return
      drawn.set(id, channel)
      const waiting = locks.get(id)
      for (const group of [this, waiting])
        group?.classList.toggle('blocked', channel.blockedBy !== null)
      this.classList.toggle('selected', selected === id)
      const title = this.querySelector('title')
      if (title !== null) title.textContent = channelLabel(channel, recording.wiring, words)
      if (waiting !== undefined) drawQueue(waiting, channel, way)
    })
  }

  #enter(groups: Nodes): Nodes {
    groups.on('click', (_, { id }) => this.#actions.select({ kind: 'channel', id }))
    groups.append('title')
    groups.append('polyline').attr('class', 'hit')
    groups.append('polyline').attr('class', 'line')
    return groups
  }
}

function enterLocks(groups: Nodes): Nodes {
  groups.append('g').attr('class', 'queue')
  const lock = groups.append('g').attr('class', 'lock')
  lock
    .append('rect')
    .attr('x', -6)
    .attr('y', -3)
    .attr('width', 12)
    .attr('height', 9)
    .attr('rx', 1.5)
  lock.append('path').attr('d', 'M-3.5,-3v-2.5a3.5,3.5 0 0 1 7,0v2.5')
  return groups
}

function channelLabel(channel: ChannelState, wiring: Wiring, words: Language): string {
  const { id, to, input, queued, inFlight, blockedBy } = channel
  return words.word('graph.channel-label', {
    channel: id,
    input: wiring.inputCountOf.has(to) ? input + 1 : '',
    queued,
    flying: inFlight.length,
    blocked:
      blockedBy === null ? '' : words.word('graph.blocked-by', { checkpoint: String(blockedBy) }),
  })
}

/** What waits behind the lock: only then is the number known between two arrivals. */
function drawQueue(group: SVGGElement, channel: ChannelState, way: Route): void {
  const queue = group.querySelector('.queue')
  if (queue === null) return
  const count = channel.blockedBy === null ? 0 : Math.min(channel.queued, QUEUE_SHOWN_MAX)
  const squares = Array.from({ length: count }, (_, index) => {
    const { x, y } = placeAt(way, 1 - (LOCK_PX + 15 + index * 9) / Math.max(way.length, 90))
    const square = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
    for (const [name, value] of [
      ['x', x - 3.5],
      ['y', y - 3.5],
      ['width', 7],
      ['height', 7],
    ] as const)
      square.setAttribute(name, String(value))
    return square
  })
  queue.replaceChildren(...squares)
}
