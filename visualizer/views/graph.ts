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
import type { Title } from '../layout/graph-place.ts'
import { LINE_HEIGHT } from '../layout/graph-place.ts'
import type { BarrierMark } from '../layout/scene.ts'
import { sceneOf } from '../layout/scene.ts'
import type { Actions, Frame, View } from './frame.ts'
import { GraphChannels } from './graph-channels.ts'
import type { Legend } from './graph-legend.ts'
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
  readonly #legend: Legend
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
    const links = layer('links')
    const channels = layer('channels')
    this.#titles = layer('titles').attr('aria-hidden', 'true')
    this.#channels = new GraphChannels(channels, layer('locks'), words, actions)
    this.#partitions = new GraphPartitions(links, layer('partitions'), words, actions)
    this.#subtasks = new GraphSubtasks(layer('subtasks'), words, actions)
    this.#barriers = layer('barriers').attr('aria-hidden', 'true')
    this.#svg.attr('role', 'group')
    this.#stage = h('div', { class: 'stage' }, this.#canvas.element, this.#svg.node() ?? '')
    this.#note = h('p', { class: 'note' }, words.word('graph.no-records'))
    this.#legend = createLegend(words)
    this.element = h(
      'section',
      { class: 'panel graph', id: 'panel-graph', 'aria-label': words.word('graph.title') },
      this.#workers.element,
      this.#stage,
      this.#note,
      this.#legend.element,
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
    this.#legend.draw(layout.inputTags.length > 0)
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

/** Above each block, all of it on hover. */
function drawTitles(group: Group, { titles }: GraphLayout): void {
  group
    .selectAll<SVGTextElement, Title>('text')
    .data(titles, ({ id }) => id)
    .join((enter) => {
      const text = enter.append('text')
      text.append('title')
      return text
    })
    .attr('class', ({ kind }) => kind)
    .attr('text-anchor', ({ anchor }) => anchor)
    .call((texts) => texts.select('title').text(({ whole }) => whole))
    .selectAll<SVGTSpanElement, TitleLine>('tspan')
    .data(({ lines, at }) =>
      lines.map((line, index) => ({ line, x: at.x, y: at.y + index * LINE_HEIGHT })),
    )
    .join('tspan')
    .attr('x', ({ x }) => x)
    .attr('y', ({ y }) => y)
    .text(({ line }) => line)
}

interface TitleLine {
  readonly line: string
  readonly x: number
  readonly y: number
}

function drawBarriers(group: Group, marks: readonly BarrierMark[]): void {
  group
    .selectAll<SVGGElement, BarrierMark>('g')
    .data(marks, ({ seq }) => seq)
    .join((enter) => {
      const mark = enter.append('g').attr('class', 'barrier')
      mark.append('rect').attr('x', -2).attr('y', -11).attr('width', 4).attr('height', 22)
      mark.append('text')
      return mark
    })
    .attr('transform', ({ x, y }) => `translate(${x},${y})`)
    .call((marked) => {
      marked.select('rect').attr('transform', ({ angle }) => `rotate(${angle})`)
      // The number stands above the bar, or beside one that lies: above would be the producer's box.
      marked
        .select('text')
        .attr('x', ({ angle }) => (isLying(angle) ? 18 : 0))
        .attr('y', ({ angle }) => (isLying(angle) ? 5 : -15))
        .text(({ checkpoint }) => checkpoint)
    })
}

/** The bar of a channel that runs up or down. */
function isLying(angle: number): boolean {
  return Math.abs(Math.abs(angle) - 90) < 50
}
