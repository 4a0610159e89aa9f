/**
 * Subtasks as boxes: name, state, worker; a strip in the colour of the epoch it writes, its snapshot and its
 * transaction by texture. Each is a button with its whole state as label.
 */
import { select } from 'd3'
import type { Selection } from 'd3'
import type { SubtaskId } from '../../engine/ids.ts'
import { cutStart, setAttribute, setText, textWidth } from '../dom.ts'
import type { Language } from '../i18n/index.ts'
import type { Box } from '../layout/geometry.ts'
import type { GraphLayout, LabeledBox } from '../layout/graph-layout.ts'
import type { InputTag } from '../layout/graph-routes.ts'
import type { RunState, SubtaskState, TransactionPhase } from '../model/run-state.ts'
import { unfinishedOf } from '../model/transactions.ts'
import type { Actions, Frame } from './frame.ts'
import { appendHit, placeHit, put } from './graph-hit.ts'

interface Node {
  readonly id: SubtaskId
  readonly box: LabeledBox
  /** Where its inputs come in, if it has several. */
  readonly inputs: readonly InputTag[]
}

type Nodes = Selection<SVGGElement, Node, SVGGElement, unknown>

/** What the box shows, as one of a few words; the CSS class of the same name gives the texture. */
type Appearance = 'lost' | 'blocked' | 'restoring' | SubtaskState['status']

const GLYPH: Readonly<Record<Appearance, string>> = {
  lost: '✖',
  blocked: '⊟',
  restoring: '⤓',
  created: '○',
  scheduled: '○',
  deploying: '◔',
  initializing: '◑',
  running: '●',
  finished: '■',
  canceling: '◌',
  canceled: '◌',
  failed: '✕',
}

const TEXT_LEFT = 15
const SIGN_WIDTH = 15
/** From one transaction's mark to the next, and from the last one to the edge. */
const MARK_PITCH = 26
const MARKS_EDGE = 4
/** As if a little larger: names are bold. */
const NAME_SIZE = 15

export class GraphSubtasks {
  readonly #group: Selection<SVGGElement, unknown, null, undefined>
  readonly #words: Language
  readonly #actions: Actions
  #nodes: Nodes | null = null
  readonly #drawn = new Map<SubtaskId, string>()

  constructor(
    group: Selection<SVGGElement, unknown, null, undefined>,
    words: Language,
    actions: Actions,
  ) {
    this.#group = group
    this.#words = words
    this.#actions = actions
  }

  layOut(layout: GraphLayout): void {
    this.#drawn.clear()
    const data = [...layout.subtasks].map(([id, box]): Node => {
      const inputs = layout.inputTags.filter(({ subtask }) => subtask === id)
      return { id, box, inputs }
    })
    this.#nodes = this.#group
      .selectAll<SVGGElement, Node>('g.subtask')
      .data(data, ({ id }) => id)
      .join((enter) => this.#enter(enter.append('g').attr('class', 'subtask')))
      .attr('transform', ({ box }) => `translate(${box.x},${box.y})`)
    place(this.#nodes)
  }

  draw(frame: Frame): void {
    const { state, app } = frame
    const drawn = this.#drawn
    const words = this.#words
    this.#nodes?.each(function ({ id, box }) {
      const subtask = state.subtasks.get(id)
      if (subtask === undefined) return
      const face = faceOf(subtask, frame, words)
      const isSelected = app.selection?.kind === 'subtask' && app.selection.id === id
      const signature = `${face.label}|${face.processed}|${face.transactions.join()}|${face.snapshot}|${isSelected}`
      if (drawn.get(id) === signature) return
      drawn.set(id, signature)
      this.setAttribute(
        'class',
        `subtask ${face.appearance} ${subtask.epoch % 2 === 0 ? 'even' : 'odd'}${isSelected ? ' selected' : ''}`,
      )
      put(this, '.hit', (hit) => {
        setAttribute(hit, 'aria-label', face.label)
        setAttribute(hit, 'aria-pressed', String(isSelected))
      })
      drawTexts(this, face, box)
      put(this, '.snapshot text', (part) => setText(part, face.snapshot))
      setAttribute(this, 'data-snapshot', subtask.snapshot?.phase ?? null)
      drawTransactions(this, face.transactions, box)
    })
  }

  #enter(nodes: Nodes): Nodes {
    nodes.append('rect').attr('class', 'box').attr('rx', 6)
    nodes.append('rect').attr('class', 'texture').attr('rx', 6)
    nodes.append('rect').attr('class', 'epoch').attr('rx', 2)
    nodes.append('text').attr('class', 'name')
    nodes.append('text').attr('class', 'state')
    nodes.append('text').attr('class', 'where')
    nodes.append('g').attr('class', 'transactions')
    const snapshot = nodes.append('g').attr('class', 'snapshot')
    snapshot.append('rect').attr('rx', 3)
    snapshot.append('text')
    nodes.append('g').attr('class', 'inputs')
    appendHit(nodes, ({ id }) => this.#actions.select({ kind: 'subtask', id }))
    return nodes
  }
}

function place(nodes: Nodes): void {
  placeHit(nodes)
  for (const part of ['.box', '.texture'])
    nodes
      .select(part)
      .attr('width', ({ box }) => box.width)
      .attr('height', ({ box }) => box.height)
  nodes
    .select('.epoch')
    .attr('x', 5)
    .attr('y', 7)
    .attr('width', 5)
    .attr('height', ({ box }) => box.height - 14)
  nodes
    .select('.name')
    .attr('x', TEXT_LEFT)
    .attr('y', ({ box }) => (isLow(box) ? 17 : 20))
  nodes
    .select('.state')
    .attr('x', TEXT_LEFT)
    .attr('y', ({ box }) => (isLow(box) ? 33 : 35.5))
  nodes.select('.where').attr('x', TEXT_LEFT).attr('y', 50)
  nodes.select('.snapshot').attr('transform', ({ box }) => {
    const x = box.width - (box.width < 90 ? 34 : 52)
    return `translate(${x},${isLow(box) ? -14 : -9})`
  })
  nodes.select('.snapshot rect').attr('width', 40).attr('height', 19)
  nodes.select('.snapshot text').attr('x', 20).attr('y', 13.5)
  placeInputs(nodes)
}

/** The number of each input, on the edge of the box. */
function placeInputs(nodes: Nodes): void {
  nodes
    .select<SVGGElement>('.inputs')
    .selectAll<SVGGElement, InputTag>('g')
    .data(({ inputs, box }) =>
      inputs.map((tag) => ({ ...tag, x: tag.x - box.x, y: tag.y - box.y })),
    )
    .join((enter) => {
      const tag = enter.append('g')
      tag.append('circle').attr('r', 7)
      tag.append('text').attr('y', 4)
      return tag
    })
    .attr('transform', ({ x, y }) => `translate(${x},${y})`)
    .select('text')
    .text(({ input }) => input + 1)
}

/** No room for three lines. */
function isLow({ height }: Box): boolean {
  return height < 50
}

function drawTexts(group: SVGGElement, face: Face, box: LabeledBox): void {
  const room = box.width - TEXT_LEFT - 4
  const name = textWidth(box.label, NAME_SIZE) <= room ? box.label : box.short
  put(group, '.name', (part) => setText(part, name))
  const { appearance, status } = face
  const sign = GLYPH[appearance]
  const marks = face.transactions.length
  const besideMarks = marks === 0 ? room : room - MARKS_EDGE - marks * MARK_PITCH
  // In a low box the sign tells that it runs, and there is room for where.
  const isWhereFirst = isLow(box) && appearance === 'running'
  const words = isWhereFirst ? whereIn(face, 12, besideMarks - SIGN_WIDTH) : status
  const isSignEnough = textWidth(words, 12) > room - SIGN_WIDTH
  put(group, '.state', (part) => setText(part, isSignEnough ? sign : `${sign} ${words}`))
  put(group, '.where', (part) => setText(part, isLow(box) ? '' : whereIn(face, 11, besideMarks)))
}

/** The worker and how many records, as much of it as has room. */
function whereIn({ worker, processed }: Face, size: number, room: number): string {
  const both = `${worker} · ${processed}`
  return textWidth(both, size) <= room ? both : cutStart(worker, size, room)
}

interface Face {
  readonly appearance: Appearance
  readonly status: string
  readonly worker: string
  readonly processed: string
  readonly snapshot: string
  /** Its unfinished transactions, oldest first. */
  readonly transactions: readonly TransactionPhase[]
  readonly label: string
}

function faceOf(subtask: SubtaskState, { state, recording }: Frame, words: Language): Face {
  const blocked = (recording.wiring.inputsOf.get(subtask.id) ?? []).filter(
    (id) => state.channels.get(id)?.blockedBy !== null,
  ).length
  const appearance = appearanceOf(subtask, blocked)
  const status = words.term('status', appearance)
  const { snapshot, processed, worker, epoch } = subtask
  const showsSnapshot = snapshot !== null && isUnderWay(state, snapshot.checkpoint)
  return {
    appearance,
    status,
    worker: worker ?? '–',
    processed: words.number(processed),
    snapshot: showsSnapshot ? `◫ ${snapshot.checkpoint}` : '',
    transactions: subtask.isLost
      ? []
      : unfinishedOf(state, subtask.id)
          .map(({ phase }) => phase)
          .slice(0, 3),
    label: words.word('graph.subtask-label', {
      subtask: subtask.id,
      status,
      worker: worker ?? words.word('word.none'),
      epoch,
      snapshot:
        snapshot === null
          ? ''
          : words.word('graph.snapshot', {
              checkpoint: snapshot.checkpoint,
              phase: words.term('snapshot', snapshot.phase),
            }),
      blocked: blocked === 0 ? '' : words.word('graph.blocked-inputs', { count: blocked }),
    }),
  }
}

function appearanceOf(subtask: SubtaskState, blockedInputs: number): Appearance {
  if (subtask.isLost) return 'lost'
  if (subtask.restore?.isDone === false) return 'restoring'
  if (subtask.status === 'running' && blockedInputs > 0) return 'blocked'
  return subtask.status
}

/** The badge stands from the snapshot until the checkpoint is decided. */
function isUnderWay(state: RunState, checkpoint: SubtaskState['epoch']): boolean {
  for (const { id, status } of state.checkpoints.values())
    if (id === checkpoint) return status === 'pending'
  return false
}

/** One small box each, from the right: dashed while open, hatched when pre-committed. */
function drawTransactions(group: SVGGElement, phases: readonly TransactionPhase[], box: Box): void {
  select(group)
    .select('.transactions')
    .selectAll('rect')
    .data(phases)
    .join('rect')
    .attr('class', (phase) => `transaction ${phase}`)
    .attr('rx', 2)
    .attr('x', (_, index) => box.width - MARKS_EDGE - (phases.length - index) * MARK_PITCH)
    .attr('y', box.height - 18)
    .attr('width', 22)
    .attr('height', 10)
}
