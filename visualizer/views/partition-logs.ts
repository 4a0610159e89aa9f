/**
 * The partition logs as strips of cells: one cell per offset, control markers in cells of their own (they occupy
 * offsets), carets for the positions that are easily confused: reader, checkpoint, group, last stable, log end.
 */
import { select } from 'd3'
import { h, setAttribute, setText } from '../dom.ts'
import type { Language, WordKey } from '../i18n/index.ts'
import type { CaretLabel } from '../layout/caret-labels.ts'
import { placeCarets } from '../layout/caret-labels.ts'
import type { Caret, Cell, LogWindow } from '../layout/log-window.ts'
import { caretsOf, windowOf } from '../layout/log-window.ts'
import type { PartitionState } from '../model/run-state.ts'
import type { Actions, Frame, Selection, View } from './frame.ts'

const CELL_WIDTH = 12
const CELL_HEIGHT = 18
const CELL_TOP = 14
const CARET_TOP = CELL_TOP + CELL_HEIGHT + 2
const HEIGHT = CARET_TOP + 30
/** Of a partition that holds nothing. */
const HEIGHT_EMPTY = 26

const CARET_WORD: Readonly<Record<Caret['kind'], WordKey>> = {
  position: 'caret.position',
  checkpointed: 'caret.checkpointed',
  committed: 'caret.committed',
  stable: 'caret.stable',
  end: 'caret.end',
}

interface Strip {
  readonly root: HTMLElement
  readonly label: HTMLButtonElement
  readonly count: HTMLElement
  readonly svg: SVGSVGElement
  drawn: string
  entry: PartitionState | null
}

export function createPartitionLogs(words: Language, actions: Actions): View {
  const list = h('div', { class: 'strips' })
  const element = h(
    'section',
    { class: 'panel logs', id: 'panel-logs', 'aria-label': words.word('logs.title') },
    list,
  )
  const strips = new Map<string, Strip>()
  let shown: Selection | null = null
  return {
    element,
    draw(frame) {
      const width = list.clientWidth
      if (width === 0) return
      for (const partition of frame.state.partitions.values()) {
        let strip = strips.get(partition.key)
        if (strip === undefined) {
          strip = createStrip(partition, actions)
          strips.set(partition.key, strip)
          list.append(strip.root)
        }
        drawStrip(strip, partition, frame, words)
      }
      for (const [key, { root }] of strips) {
        if (frame.state.partitions.has(key)) continue
        root.remove()
        strips.delete(key)
      }
      const { selection } = frame.app
      if (selection === shown) return
      shown = selection
      // There may be more partitions than room: the selected one comes into sight.
      if (selection?.kind === 'partition')
        strips.get(selection.id)?.root.scrollIntoView({ block: 'nearest' })
    },
  }
}

/** A partition in words: the textual twin of its strip. */
export function partitionLabel(partition: PartitionState, words: Language): string {
  const { key, role, position, checkpointedOffset, committedOffset } = partition
  return words.word('logs.partition-label', {
    partition: key,
    end: partition.logEndOffset,
    stable: partition.lastStableOffset,
    position: role === 'input' ? position : '',
    checkpointed: checkpointedOffset ?? '',
    committed: committedOffset ?? '',
  })
}

function createStrip({ key, role }: PartitionState, actions: Actions): Strip {
  const count = h('span', { class: 'strip-count' })
  const label = h(
    'button',
    {
      type: 'button',
      class: 'strip-label',
      onclick: () => actions.select({ kind: 'partition', id: key }),
    },
    h('span', { class: 'strip-name' }, key),
    count,
  )
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  setAttribute(svg, 'role', 'img')
  setAttribute(svg, 'height', String(HEIGHT))
  for (const name of ['cells', 'marks', 'ticks', 'carets']) {
    const group = document.createElementNS('http://www.w3.org/2000/svg', 'g')
    setAttribute(group, 'class', name)
    svg.append(group)
  }
  const root = h('div', { class: `strip ${role}` }, label, svg)
  return { root, label, count, svg, drawn: '', entry: null }
}

function drawStrip(strip: Strip, partition: PartitionState, frame: Frame, words: Language): void {
  const { svg, label, count } = strip
  const { state, app } = frame
  const isSelected = app.selection?.kind === 'partition' && app.selection.id === partition.key
  setAttribute(label, 'aria-pressed', String(isSelected))
  const width = svg.clientWidth
  // Cells depend on the partition and on the phases of the transactions that write it.
  const phases = [...state.transactions.values()].map(({ phase }) => phase[0]).join('')
  const signature = `${width}|${partition.role === 'output' ? phases : ''}`
  if (width === 0 || (strip.entry === partition && strip.drawn === signature)) return
  strip.entry = partition
  strip.drawn = signature
  const { role, position, lastStableOffset, logEndOffset } = partition
  setAttribute(svg, 'height', String(logEndOffset === 0 ? HEIGHT_EMPTY : HEIGHT))
  strip.root.classList.toggle('empty', logEndOffset === 0)
  const done = role === 'input' ? position : lastStableOffset
  const counts = `${words.number(done)} / ${words.number(logEndOffset)}`
  setText(count, logEndOffset === 0 ? words.word('logs.empty') : counts)
  setAttribute(svg, 'aria-label', partitionLabel(partition, words))
  const shown = windowOf(partition, state, (width - 8) / CELL_WIDTH)
  drawCells(svg, shown)
  drawTicks(svg, shown)
  drawCarets(svg, shown, logEndOffset === 0 ? [] : caretsOf(partition), words, width)
}

function xOf(window: LogWindow, offset: number): number {
  return 4 + (offset - window.start) * CELL_WIDTH
}

function parity(epoch: number | null): string {
  if (epoch === null) return 'none'
  return epoch % 2 === 0 ? 'even' : 'odd'
}

function drawCells(svg: SVGSVGElement, window: LogWindow): void {
  select(svg)
    .select('.cells')
    .selectAll<SVGRectElement, Cell>('rect')
    .data(window.cells, ({ offset }) => offset)
    .join('rect')
    .attr('class', ({ kind, epoch }) => `cell ${kind} ${parity(epoch)}`)
    .attr('x', ({ offset }) => xOf(window, offset) + 1)
    .attr('y', CELL_TOP)
    .attr('width', CELL_WIDTH - 2)
    .attr('height', CELL_HEIGHT)
    .attr('rx', 2)
  const marks = window.cells.filter(({ kind }) => MARK[kind] !== undefined)
  select(svg)
    .select('.marks')
    .selectAll<SVGTextElement, Cell>('text')
    .data(marks, ({ offset }) => offset)
    .join('text')
    .attr('class', ({ kind }) => kind)
    .attr('x', ({ offset }) => xOf(window, offset) + CELL_WIDTH / 2)
    .attr('y', CELL_TOP + CELL_HEIGHT / 2 + 4.5)
    .text(({ kind }) => MARK[kind] ?? '')
}

/** Signs inside cells. */
const MARK: Readonly<Partial<Record<Cell['kind'], string>>> = {
  'commit-marker': '◆',
  'abort-marker': '◇',
  aborted: '✕',
}

/** The offset at every tenth cell. */
function drawTicks(svg: SVGSVGElement, window: LogWindow): void {
  const first = Math.ceil(window.start / 10) * 10
  const last = window.cells.at(-1)?.offset ?? -1
  const ticks: number[] = []
  for (let offset = first; offset <= last; offset += 10) ticks.push(offset)
  select(svg)
    .select('.ticks')
    .selectAll<SVGTextElement, number>('text')
    .data(ticks, (offset) => offset)
    .join('text')
    .attr('x', (offset) => xOf(window, offset) + 1)
    .attr('y', CELL_TOP - 4)
    .text((offset) => offset)
}

function drawCarets(
  svg: SVGSVGElement,
  window: LogWindow,
  carets: readonly Caret[],
  words: Language,
  width: number,
): void {
  const labels = placeCarets(carets, {
    start: window.start,
    end: window.end,
    width,
    xOf: (offset) => xOf(window, offset),
    wordOf: (kind) => words.word(CARET_WORD[kind]),
    format: (offset) => words.number(offset),
  })
  select(svg)
    .select('.carets')
    .selectAll<SVGGElement, CaretLabel>('g')
    .data(labels, ({ kind }) => kind)
    .join((enter) => {
      const group = enter.append('g')
      group.append('path')
      group.append('text')
      return group
    })
    .attr('class', ({ kind }) => `caret ${kind}`)
    .attr('transform', ({ x }) => `translate(${x},${CARET_TOP})`)
    .call((groups) => {
      groups.select('path').attr('d', caretPath)
      groups
        .select('text')
        .attr('x', ({ anchor, isOutside }) => (isOutside ? 0 : anchor === 'start' ? 6 : -6))
        .attr('y', ({ row }) => 9 + row * 14)
        .attr('text-anchor', ({ anchor }) => anchor)
        .text(({ text }) => text)
    })
}

function caretPath({ row, isOutside }: CaretLabel): string {
  if (isOutside) return ''
  return `M-4,6L0,0L4,6Z${row > 0 ? 'M0,6V20' : ''}`
}
