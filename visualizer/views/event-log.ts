/**
 * The run in words: one line per event, the textual twin of every picture and the screen reader's view. Only the
 * lines in sight are in the DOM. Up and down move the playhead; while playing the list follows it.
 */
import type { TraceEvent } from '../../engine/trace.ts'
import { h, setAttribute } from '../dom.ts'
import { kindOf, placeOf } from '../events/catalog.ts'
import type { EventGroup } from '../events/catalog.ts'
import type { Language } from '../i18n/index.ts'
import type { Recording } from '../model/recording.ts'
import { lowerBound } from '../model/lower-bound.ts'
import type { Playhead } from '../player.ts'
import type { Actions, Frame, Selection, View } from './frame.ts'

const ROW_HEIGHT = 44
const OVERSCAN = 4

const SCOPES = ['matters', 'all', 'selection'] as const
type Scope = (typeof SCOPES)[number]

interface Query {
  readonly recording: Recording
  readonly scope: Scope
  readonly needle: string
  /** Only of this thing, in the scope `selection`. */
  readonly selection: Selection | null
}

/** Which events are listed, as indices into the trace; grows with the trace. */
class EventFilter {
  readonly rows: number[] = []
  readonly #query: Query
  readonly #words: Language
  #scanned = 0

  constructor(query: Query, words: Language) {
    this.#query = query
    this.#words = words
  }

  isFor({ recording, scope, needle, selection }: Query): boolean {
    const query = this.#query
    return (
      recording === query.recording &&
      scope === query.scope &&
      needle === query.needle &&
      (scope !== 'selection' || selection === query.selection)
    )
  }

  extend(): void {
    const { events } = this.#query.recording
    for (; this.#scanned < events.length; this.#scanned++) {
      const event = events[this.#scanned]
      if (event !== undefined && this.#accepts(event)) this.rows.push(this.#scanned)
    }
  }

  #accepts(event: TraceEvent): boolean {
    const { scope, selection, needle } = this.#query
    if (scope === 'matters' && !kindOf(event).matters) return false
    if (scope === 'selection' && selection !== null && !isAbout(event, selection)) return false
    return needle === '' || this.#words.describe(event).toLowerCase().includes(needle)
  }
}

/** Whether an event happened at the thing, or for the checkpoint. */
function isAbout(event: TraceEvent, { kind, id }: Selection): boolean {
  if (kind === 'checkpoint') return 'checkpoint' in event && String(event.checkpoint) === id
  if (kind === 'fault') return event.type === 'fault-fired' && String(event.fault) === id
  if (kind === 'worker' && 'worker' in event) return event.worker === id
  return placeOf(event) === id
}

export class EventLog implements View {
  readonly element: HTMLElement
  readonly #words: Language
  readonly #actions: Actions
  readonly #scope: HTMLSelectElement
  readonly #onlySelected: HTMLOptionElement
  readonly #search: HTMLInputElement
  readonly #spacer = h('div', { class: 'events-spacer' })
  readonly #list: HTMLElement
  #filter: EventFilter | null = null
  #last: Frame | null = null
  /** The playhead that the list last scrolled to. */
  #followed: Playhead | null = null
  #shown = ''

  constructor(words: Language, actions: Actions) {
    this.#words = words
    this.#actions = actions
    const redraw = (): void => this.#redraw()
    this.#onlySelected = h('option', { value: 'selection' }, words.word('events.selection'))
    this.#scope = h(
      'select',
      { 'aria-label': words.word('events.filter'), onchange: redraw },
      h('option', { value: 'matters' }, words.word('events.matters')),
      h('option', { value: 'all' }, words.word('events.all')),
      this.#onlySelected,
    )
    this.#search = h('input', {
      type: 'search',
      'aria-label': words.word('events.search'),
      oninput: redraw,
    })
    this.#list = h(
      'div',
      {
        class: 'events-list',
        role: 'listbox',
        tabindex: 0,
        'aria-label': words.word('events.label'),
        onscroll: redraw,
        onkeydown: (event) => this.#handleKey(event),
      },
      this.#spacer,
    )
    this.element = h(
      'section',
      { class: 'panel events', id: 'panel-events', 'aria-label': words.word('events.title') },
      h('div', { class: 'events-tools' }, this.#scope, this.#search, createNext(words, actions)),
      this.#list,
    )
  }

  draw(frame: Frame): void {
    this.#last = frame
    const list = this.#list
    if (list.clientHeight === 0) return
    const hasMoved = this.#followed !== frame.app.playhead
    this.#followed = frame.app.playhead
    const filter = this.#filterFor(frame)
    const current = currentRow(filter, frame)
    // Before scrolling: a list that is not long yet cannot be scrolled.
    const height = `${filter.rows.length * ROW_HEIGHT}px`
    if (this.#spacer.style.height !== height) this.#spacer.style.height = height
    if (hasMoved) scrollIntoView(list, current)
    const first = Math.max(0, Math.floor(list.scrollTop / ROW_HEIGHT) - OVERSCAN)
    const size = Math.ceil(list.clientHeight / ROW_HEIGHT) + 2 * OVERSCAN
    const rows = filter.rows.slice(first, first + size)
    const total = filter.rows.length
    const signature = [first, current, total, rows.length].join()
    if (signature === this.#shown) return
    this.#shown = signature
    const hint = this.#words.word('events.search-in', { count: this.#words.number(total) })
    setAttribute(this.#search, 'placeholder', hint)
    this.#spacer.replaceChildren(
      ...rows.map((index, offset) =>
        createRow({ index, row: first + offset, current, total }, frame, this.#words, () =>
          this.#actions.jumpTo(index),
        ),
      ),
    )
    if (total === 0)
      this.#spacer.append(h('p', { class: 'events-none' }, this.#words.word('events.none')))
    const isInSight = current >= first && current < first + rows.length
    setAttribute(list, 'aria-activedescendant', isInSight ? `event-${current}` : null)
  }

  #filterFor({ recording, app }: Frame): EventFilter {
    const { selection } = app
    this.#onlySelected.hidden = selection === null
    this.#onlySelected.disabled = selection === null
    if (selection === null && this.#scope.value === 'selection') this.#scope.value = 'matters'
    const scope = SCOPES.find((candidate) => candidate === this.#scope.value) ?? 'matters'
    const needle = this.#search.value.toLowerCase()
    const query: Query = { recording, scope, needle, selection }
    let filter = this.#filter
    if (filter?.isFor(query) !== true) {
      filter = new EventFilter(query, this.#words)
      this.#filter = filter
      this.#shown = ''
    }
    filter.extend()
    return filter
  }

  #redraw(): void {
    this.#shown = ''
    if (this.#last !== null) this.draw(this.#last)
  }

  #handleKey(event: Event): void {
    if (!(event instanceof KeyboardEvent) || this.#filter === null) return
    const direction = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (direction === undefined) return
    event.preventDefault()
    event.stopPropagation()
    const target = this.#filter.rows[currentRow(this.#filter, this.#last) + direction]
    if (target !== undefined) this.#actions.jumpTo(target)
  }
}

/** What the "next" buttons look for; their keys are in keyboard.ts. */
const NEXT_GROUPS: readonly EventGroup[] = ['barrier', 'snapshot', 'transaction', 'fault']

function createNext(words: Language, actions: Actions): HTMLElement {
  return h(
    'div',
    { class: 'next', role: 'group', 'aria-label': words.word('transport.next') },
    h('span', { 'aria-hidden': 'true' }, words.word('transport.next')),
    ...NEXT_GROUPS.map((group) => {
      const name = words.word(`group.${group}`)
      return h(
        'button',
        {
          type: 'button',
          'aria-label': words.word('transport.next-group', { group: name }),
          onclick: () => actions.step(1, group),
        },
        name,
      )
    }),
  )
}

/** The row of the last event that has happened, -1 before the first. */
function currentRow({ rows }: EventFilter, frame: Frame | null): number {
  const applied = frame?.app.playhead.applied ?? 0
  return lowerBound(rows.length, (row) => (rows[row] ?? Infinity) >= applied) - 1
}

function scrollIntoView(list: HTMLElement, row: number): void {
  const top = Math.max(row, 0) * ROW_HEIGHT
  const isInSight = top >= list.scrollTop && top + ROW_HEIGHT <= list.scrollTop + list.clientHeight
  if (!isInSight) list.scrollTop = top - list.clientHeight / 2
}

interface Row {
  readonly index: number
  readonly row: number
  readonly current: number
  readonly total: number
}

function createRow(
  { index, row, current, total }: Row,
  { recording }: Frame,
  words: Language,
  onclick: () => void,
): HTMLElement {
  const event = recording.events[index]
  if (event === undefined) return h('div', {})
  const { glyph, group } = kindOf(event)
  const text = words.describe(event)
  return h(
    'div',
    {
      class: `event ${group}${row > current ? ' future' : ''}`,
      id: `event-${row}`,
      role: 'option',
      'aria-selected': String(row === current),
      'aria-setsize': total,
      'aria-posinset': row + 1,
      style: `top:${row * ROW_HEIGHT}px;height:${ROW_HEIGHT}px`,
      title: text,
      onclick,
    },
    h('span', { class: 'event-time' }, words.moment(event.at)),
    h('span', { class: 'event-glyph', 'aria-hidden': 'true' }, glyph),
    h('span', { class: 'event-text' }, text),
  )
}
