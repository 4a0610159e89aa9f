/**
 * The job graph: subtasks, channels and topic partitions in SVG, records in flight on the canvas beneath it,
 * barriers as bars across their channels. Nodes are joined when the topology or the size changes; a frame only
 * touches what changed since the last one.
 */
import { select } from 'd3'
import type { Selection as D3Selection } from 'd3'
import type { TraceTopology } from '../../engine/trace.ts'
import { h } from '../dom.ts'
import type { Language } from '../i18n/index.ts'
import type { GraphLayout } from '../layout/graph-layout.ts'
import { layoutGraph } from '../layout/graph-layout.ts'
import type { BarrierMark } from '../layout/scene.ts'
import { sceneOf } from '../layout/scene.ts'
import type { Actions, Frame, View } from './frame.ts'
import { GraphChannels } from './graph-channels.ts'
import { createLegend } from './graph-legend.ts'
import { GraphPartitions } from './graph-partitions.ts'
import { GraphSubtasks } from './graph-subtasks.ts'
import { RecordsCanvas } from './records-canvas.ts'
import { createWorkersBar } from './workers-bar.ts'

/** Narrower than this the data flows down. */
const FLOW_DOWN_BELOW = 620

type Group = D3Selection<SVGGElement, unknown, null, undefined>

export class Graph implements View {
  readonly element: HTMLElement
  readonly #words: Language
  readonly #workers: View
  readonly #canvas = new RecordsCanvas()
  readonly #svg = select(document.createElementNS('http://www.w3.org/2000/svg', 'svg'))
  readonly #stage: HTMLElement
  readonly #note: HTMLElement
  readonly #titles: Group
  readonly #channels: GraphChannels
  readonly #partitions: GraphPartitions
  readonly #subtasks: GraphSubtasks
  readonly #barriers: Group
  #layout: GraphLayout | null = null
  #laidOut: { readonly topology: TraceTopology; readonly width: number } | null = null

  constructor(words: Language, actions: Actions) {
    this.#words = words
    this.#workers = createWorkersBar(words, actions)
    const layer = (name: string): Group => this.#svg.append('g').attr('class', name)
    this.#titles = layer('titles').attr('aria-hidden', 'true')
    const links = layer('links')
    this.#channels = new GraphChannels(layer('channels'), words, actions)
    this.#partitions = new GraphPartitions(links, layer('partitions'), words, actions)
    this.#subtasks = new GraphSubtasks(layer('subtasks'), words, actions)
    this.#barriers = layer('barriers').attr('aria-hidden', 'true')
    this.#svg.attr('role', 'group')
    this.#stage = h('div', { class: 'stage' }, this.#canvas.element, this.#svg.node() ?? '')
    this.#note = h('p', { class: 'note' }, words.word('graph.no-records'))
    this.element = h(
      'section',
      { class: 'panel graph', id: 'panel-graph', 'aria-label': words.word('graph.title') },
      this.#workers.element,
      this.#stage,
      this.#note,
      createLegend(words),
    )
  }

  draw(frame: Frame): void {
    this.#workers.draw(frame)
    this.#note.hidden = frame.recording.traceLevel === 'records'
    const layout = this.#layoutFor(frame.recording.topology)
    if (layout === null) return
    this.#channels.draw(frame)
    this.#partitions.draw(frame)
    this.#subtasks.draw(frame)
    const scene = sceneOf(frame.state, {
      layout,
      at: frame.at,
      rate: frame.rate,
      recording: frame.recording,
      isStill: frame.isStill,
    })
    this.#canvas.paint(scene, frame.theme)
    drawBarriers(this.#barriers, scene.barriers)
  }

  /** The layout for the present width, or null while the view is hidden. */
  #layoutFor(topology: TraceTopology): GraphLayout | null {
    const width = Math.floor(this.#stage.clientWidth)
    if (width === 0) return null
    if (this.#laidOut?.topology !== topology || this.#laidOut.width !== width) {
      this.#layout = this.#layOut(topology, width)
      this.#laidOut = { topology, width }
    }
    return this.#layout
  }

  #layOut(topology: TraceTopology, width: number): GraphLayout {
    const flow = width < FLOW_DOWN_BELOW ? 'down' : 'right'
    const layout = layoutGraph(topology, { width, flow })
    this.#svg
      .attr('width', layout.width)
      .attr('height', layout.height)
      .attr('aria-label', graphLabel(this.#words, topology))
    this.#canvas.resize(layout.width, layout.height)
    drawTitles(this.#titles, layout)
    this.#channels.layOut(layout)
    this.#partitions.layOut(layout, topology)
    this.#subtasks.layOut(layout)
    return layout
  }
}

function graphLabel(words: Language, topology: TraceTopology): string {
  const subtasks = topology.vertices.reduce((sum, vertex) => sum + vertex.subtasks.length, 0)
  return words.word('graph.label', {
    vertices: topology.vertices.length,
    subtasks,
    channels: topology.channels.length,
  })
}

/** One line per vertex of a column, wrapped at the arrows when it does not fit. */
function drawTitles(titles: Group, layout: GraphLayout): void {
  titles
    .selectAll('text')
    .data(layout.columns)
    .join('text')
    .attr('x', ({ at }) => at.x)
    .attr('y', ({ at }) => at.y)
    .selectAll('tspan')
    .data((column) => {
      const lines = column.title.flatMap((title) => wrap(title, column.width / 6.4))
      return lines.map((line, index) => ({ line, column, index, count: lines.length }))
    })
    .join('tspan')
    .attr('x', ({ column }) => column.at.x)
    .attr('dy', ({ index, count }) => (index === 0 ? `${0.35 - (count - 1) * 0.575}em` : '1.15em'))
    .text(({ line }) => line)
}

function wrap(title: string, characters: number): readonly string[] {
  const lines: string[] = []
  for (const part of title.split(' → ')) {
    const last = lines.at(-1)
    const joined = last === undefined ? part : `${last} → ${part}`
    if (last === undefined) lines.push(part)
    else if (joined.length <= characters) lines[lines.length - 1] = joined
    else lines.push(`→ ${part}`)
  }
  return lines.length <= 3 ? lines : [...lines.slice(0, 2), `${lines[2] ?? ''} …`]
}

function drawBarriers(group: Group, marks: readonly BarrierMark[]): void {
  group
    .selectAll<SVGGElement, BarrierMark>('g')
    .data(marks, ({ seq }) => seq)
    .join((enter) => {
      const mark = enter.append('g').attr('class', 'barrier')
      mark.append('rect').attr('x', -2).attr('y', -11).attr('width', 4).attr('height', 22)
      mark.append('text').attr('y', -15)
      return mark
    })
    .attr('transform', ({ x, y }) => `translate(${x},${y})`)
    .call((marked) => {
      marked.select('rect').attr('transform', ({ angle }) => `rotate(${angle})`)
      marked.select('text').text(({ checkpoint }) => checkpoint)
    })
}
