/**
 * Topic partitions at both ends of the graph, each with how much of it is read (input) or stable (output), and the
 * links to who reads or writes it. Their records stand in the partition logs view.
 */
import type { Selection } from 'd3'
import type { TraceTopology } from '../../engine/trace.ts'
import { setAttribute, setText, textWidth } from '../dom.ts'
import type { Language } from '../i18n/index.ts'
import { polyline } from '../layout/geometry.ts'
import type { GraphLayout, LabeledBox } from '../layout/graph-layout.ts'
import { linksOf } from '../layout/graph-links.ts'
import type { Link } from '../layout/graph-links.ts'
import type { PartitionState, RunState } from '../model/run-state.ts'
import type { Actions, Frame } from './frame.ts'
import { appendHit, placeHit, put } from './graph-hit.ts'
import { partitionLabel } from './partition-logs.ts'

interface Node {
  readonly key: string
  readonly box: LabeledBox
}

type Group = Selection<SVGGElement, unknown, null, undefined>
type Nodes = Selection<SVGGElement, Node, SVGGElement, unknown>

export class GraphPartitions {
  readonly #links: Group
  readonly #group: Group
  readonly #words: Language
  readonly #actions: Actions
  #nodes: Nodes | null = null
  #layout: GraphLayout | null = null
  #topology: TraceTopology | null = null
  readonly #drawn = new Map<string, PartitionState>()
  #linkSignature = ''

  constructor(links: Group, group: Group, words: Language, actions: Actions) {
    this.#links = links.attr('aria-hidden', 'true')
    this.#group = group
    this.#words = words
    this.#actions = actions
  }

  layOut(layout: GraphLayout, topology: TraceTopology): void {
    this.#layout = layout
    this.#topology = topology
    this.#drawn.clear()
    this.#linkSignature = ''
    this.#nodes = this.#group
      .selectAll<SVGGElement, Node>('g.partition')
      .data(
        [...layout.partitions].map(([key, box]): Node => ({ key, box })),
        ({ key }) => key,
      )
      .join((enter) => this.#enter(enter.append('g').attr('class', 'partition')))
      .attr('transform', ({ box }) => `translate(${box.x},${box.y})`)
    place(this.#nodes)
  }

  draw({ state, app }: Frame): void {
    const drawn = this.#drawn
    const words = this.#words
    this.#nodes?.each(function ({ key, box }) {
      const partition = state.partitions.get(key)
      if (partition === undefined) return
      const isSelected = app.selection?.kind === 'partition' && app.selection.id === key
      this.classList.toggle('selected', isSelected)
      put(this, '.hit', (hit) => setAttribute(hit, 'aria-pressed', String(isSelected)))
      if (drawn.get(key) === partition) return
      drawn.set(key, partition)
      drawPartition(this, partition, box, words)
    })
    this.#drawLinks(state)
  }

  #enter(nodes: Nodes): Nodes {
    nodes.append('rect').attr('class', 'box').attr('rx', 3)
    nodes.append('text').attr('class', 'name')
    nodes.append('text').attr('class', 'count')
    nodes.append('rect').attr('class', 'gauge')
    nodes.append('rect').attr('class', 'gauge-fill')
    appendHit(nodes, ({ key }) => this.#actions.select({ kind: 'partition', id: key }))
    return nodes
  }

  #drawLinks(state: RunState): void {
    if (this.#layout === null || this.#topology === null) return
    const links = linksOf(state, this.#layout, this.#topology)
    const signature = links.map(({ key, texture }) => `${key}:${texture}`).join()
    if (signature === this.#linkSignature) return
    this.#linkSignature = signature
    this.#links
      .selectAll<SVGPolylineElement, Link>('polyline')
      .data(links, ({ key }) => key)
      .join('polyline')
      .attr('class', ({ texture }) => `link ${texture}`)
      .attr('points', ({ route }) => polyline(route))
  }
}

function place(nodes: Nodes): void {
  nodes
    .select('.box')
    .attr('width', ({ box }) => box.width)
    .attr('height', ({ box }) => box.height)
  nodes.select('.name').attr('x', 8).attr('y', 15)
  nodes.select('.count').attr('x', ({ box }) => box.width - 8)
  placeHit(nodes)
  for (const part of ['.gauge', '.gauge-fill'])
    nodes
      .select(part)
      .attr('x', 8)
      .attr('y', ({ box }) => box.height - 12)
      .attr('height', 6)
  nodes.select('.gauge').attr('width', ({ box }) => box.width - 16)
}

function drawPartition(
  group: SVGGElement,
  partition: PartitionState,
  box: LabeledBox,
  words: Language,
): void {
  const { role, position, lastStableOffset, logEndOffset } = partition
  const done = role === 'input' ? position : lastStableOffset
  const fraction = logEndOffset === 0 ? 0 : Math.min(done / logEndOffset, 1)
  const { text, isTight } = countIn(box, words.number(done), words.number(logEndOffset))
  group.classList.toggle('tight', isTight)
  put(group, '.hit', (hit) => setAttribute(hit, 'aria-label', partitionLabel(partition, words)))
  put(group, '.name', (element) => setText(element, box.label))
  put(group, '.count', (element) => {
    setText(element, text)
    setAttribute(element, 'y', isTight ? String(box.height - 6) : '15')
  })
  put(group, '.gauge-fill', (element) =>
    setAttribute(element, 'width', String((box.width - 16) * fraction)),
  )
}

/** Where name and count do not fit into one line, the count stands in place of the gauge; at last only what is done. */
function countIn(
  { label, width }: LabeledBox,
  done: string,
  end: string,
): { readonly text: string; readonly isTight: boolean } {
  const both = `${done} / ${end}`
  if (textWidth(label, 12.5) + textWidth(both, 11) + 26 <= width)
    return { text: both, isTight: false }
  const isBothPossible = textWidth(both, 11) + 12 <= width
  return { text: isBothPossible ? both : done, isTight: true }
}
