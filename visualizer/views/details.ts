/**
 * The selected thing at the playhead, field by field. One entry per kind of thing; a new kind does not compile
 * until it has one. Values that name another thing are buttons that select it.
 */
import { h } from '../dom.ts'
import { FAULT_KINDS, plannedAt } from '../faults.ts'
import type { Language, WordKey } from '../i18n/index.ts'
import { unfinishedOf } from '../model/transactions.ts'
import type { Actions, Frame, Selection, SelectionKind, View } from './frame.ts'

type Item = string | number | Selection
type Value = Item | readonly Item[]
type Row = readonly [field: WordKey, value: Value | null]
const VALUE_MAX = 240

type Describe = (id: string, frame: Frame, words: Language) => readonly Row[]

const find = <V extends { readonly id: unknown }>(
  map: ReadonlyMap<unknown, V>,
  id: string,
): V | undefined => [...map.values()].find((entry) => String(entry.id) === id)

const DETAILS: { readonly [K in SelectionKind]: Describe } = {
  subtask: (id, { state, recording }, words) => {
    const subtask = find(state.subtasks, id)
    if (subtask === undefined) return []
    const { snapshot, restore, lastUpdate, worker, watermark } = subtask
    const vertex = recording.topology.vertices.find((candidate) => candidate.id === subtask.vertex)
    const channels = (ids: readonly string[] | undefined): readonly Selection[] =>
      (ids ?? []).map((channel) => ({ kind: 'channel', id: channel }))
    return [
      ['field.status', words.term('status', subtask.isLost ? 'lost' : subtask.status)],
      [
        'field.operators',
        (vertex?.operators ?? []).map(({ name, kind }) => `${name} (${words.term('kind', kind)})`),
      ],
      ['field.worker', worker === null ? null : { kind: 'worker', id: worker }],
      ['field.watermark', watermark === undefined ? null : words.eventTime(watermark)],
      ['field.attempt', subtask.attempt],
      ['field.epoch', subtask.epoch],
      [
        'field.snapshot',
        snapshot === null ? null : { kind: 'checkpoint', id: String(snapshot.checkpoint) },
      ],
      [
        'field.restore',
        restore === null ? null : { kind: 'checkpoint', id: String(restore.checkpoint) },
      ],
      ['field.processed', words.number(subtask.processed)],
      [
        'field.last-update',
        lastUpdate === null ? null : clip(`${lastUpdate.key} = ${lastUpdate.value}`),
      ],
      [
        'field.transactions',
        unfinishedOf(state, subtask.id).map(
          ({ transactionalId, phase }) =>
            `${transactionalId} (${words.term('transaction', phase)})`,
        ),
      ],
      ['field.reason', subtask.reason || null],
      ['field.from', channels(recording.wiring.inputsOf.get(subtask.id))],
      ['field.to', channels(recording.wiring.outputsOf.get(subtask.id))],
    ]
  },
  channel: (id, { state, recording }, words) => {
    const channel = find(state.channels, id)
    if (channel === undefined) return []
    const { blockedBy } = channel
    const inputs = recording.wiring.inputCountOf.get(channel.to)
    return [
      ['field.from', { kind: 'subtask', id: channel.from }],
      ['field.to', { kind: 'subtask', id: channel.to }],
      ['field.input', inputs === undefined ? null : `${channel.input + 1} / ${inputs}`],
      [
        'field.blocked',
        blockedBy === null ? null : words.word('graph.blocked-by', { checkpoint: blockedBy }),
      ],
      ['field.epoch', channel.epoch],
      ['field.queued', channel.queued],
      ['field.in-flight', channel.inFlight.length],
      ['field.delivered', words.number(channel.delivered)],
    ]
  },
  partition: (id, { state }, words) => {
    const partition = state.partitions.get(id)
    if (partition === undefined) return []
    const isInput = partition.role === 'input'
    return [
      ['field.end', words.number(partition.logEndOffset)],
      ['field.high-watermark', words.number(partition.highWatermark)],
      ['field.stable', words.number(partition.lastStableOffset)],
      [
        'field.from',
        isInput && partition.reader !== null ? { kind: 'subtask', id: partition.reader } : null,
      ],
      ['field.position', isInput ? words.number(partition.position) : null],
      ['field.checkpointed', partition.checkpointedOffset],
      ['field.committed', partition.committedOffset],
      ['field.lag', isInput ? words.number(partition.lag) : null],
      ['field.duplicates', isInput ? null : partition.duplicatesRecognized],
    ]
  },
  worker: (id, { state }, words) => {
    const worker = find(state.workers, id)
    if (worker === undefined) return []
    const subtasks = [...state.subtasks.values()].filter((subtask) => subtask.worker === worker.id)
    const status = worker.status === 'lost' ? 'given-up' : worker.status
    return [
      ['field.status', words.term('status', status)],
      ['field.incarnation', worker.incarnation],
      ['field.slots', worker.slots],
      ['field.subtasks', subtasks.map((subtask) => ({ kind: 'subtask', id: subtask.id }))],
      ['field.reason', worker.reason || null],
    ]
  },
  // A checkpoint is selected on the timeline, which shows the whole run: so does its description.
  checkpoint: (id, { recording }, words) => {
    const checkpoint = find(recording.head.checkpoints, id)
    if (checkpoint === undefined) return []
    const { status, isSubsumed, triggeredAt, endedAt, acknowledged, restoredAt } = checkpoint
    return [
      ['field.status', words.term('status', isSubsumed ? 'subsumed' : status)],
      ['field.triggered', words.moment(triggeredAt)],
      ['field.duration', endedAt === null ? null : words.span(endedAt - triggeredAt)],
      ['field.acknowledged', `${acknowledged.length} / ${recording.wiring.subtaskCount}`],
      ['field.size', words.bytes(checkpoint.sizeBytes)],
      [
        'field.restored-at',
        restoredAt.length === 0 ? null : restoredAt.map((at) => words.moment(at)).join(', '),
      ],
      ['field.reason', checkpoint.reason || null],
    ]
  },
  fault: (id, { app, recording }, words) => {
    const fault = app.plan?.faults[Number(id)]
    if (fault === undefined) return []
    const fired = recording.head.faults.get(Number(id))
    const outcome = app.result?.faults[Number(id)]?.outcome ?? (fired ? 'fired' : 'planned')
    const at = fired?.at ?? plannedAt(fault)
    return [
      ['field.kind', words.word(FAULT_KINDS[fault.kind].word)],
      ['field.worker', { kind: 'worker', id: fault.on }],
      ['field.at', at === null ? null : words.moment(at)],
      ['field.outcome', words.term('fault', outcome)],
      ['field.phase', fired?.phase || null],
    ]
  },
}

/** A map or a list of a key's state may be long; the event log has all of it. */
function clip(text: string): string {
  return text.length <= VALUE_MAX ? text : `${text.slice(0, VALUE_MAX)}…`
}

export function createDetails(words: Language, actions: Actions): View {
  const heading = h('h2', { class: 'details-name' })
  const close = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-label': words.word('details.close'),
      onclick: () => actions.select(null),
    },
    '✕',
  )
  const body = h('dl', {})
  const tools = h('div', { class: 'details-tools' })
  const card = h(
    'div',
    { class: 'details-card' },
    h('div', { class: 'details-head' }, heading, close),
    body,
    tools,
  )
  const element = h(
    'section',
    { class: 'panel details', 'aria-label': words.word('details.title') },
    card,
  )
  let shown = ''
  return {
    element,
    draw(frame) {
      const { selection } = frame.app
      element.hidden = selection === null
      if (selection === null) return
      const rows = DETAILS[selection.kind](selection.id, frame, words).filter(
        ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
      )
      const signature = JSON.stringify([selection, rows])
      if (signature === shown) return
      shown = signature
      heading.textContent = titleOf(selection, words)
      body.replaceChildren(
        ...rows.flatMap(([field, value]) => createRow(field, value, words, actions)),
      )
      tools.replaceChildren(...toolsOf(selection, words, actions))
    },
  }
}

function titleOf({ kind, id }: Selection, words: Language): string {
  if (kind === 'checkpoint') return `${words.word('group.checkpoint')} ${id}`
  if (kind === 'fault') return `${words.word('group.fault')} ${Number(id) + 1}`
  return id
}

function createRow(
  field: WordKey,
  value: Value | null,
  words: Language,
  actions: Actions,
): readonly HTMLElement[] {
  const items = isList(value) ? value : [value]
  const shown = items.map((item) =>
    isSelection(item)
      ? h(
          'button',
          { type: 'button', class: 'link', onclick: () => actions.select(item) },
          titleOf(item, words),
        )
      : h('span', {}, String(item)),
  )
  return [h('dt', {}, words.word(field)), h('dd', {}, ...shown)]
}

function isList(value: Value | null): value is readonly Item[] {
  return Array.isArray(value)
}

function isSelection(value: unknown): value is Selection {
  return typeof value === 'object' && value !== null && 'kind' in value
}

function toolsOf(
  { kind, id }: Selection,
  words: Language,
  actions: Actions,
): readonly HTMLElement[] {
  if (kind === 'fault')
    return [
      h(
        'button',
        { type: 'button', onclick: () => actions.removeFault(Number(id)) },
        words.word('details.remove-fault'),
      ),
    ]
  if (kind !== 'worker') return []
  return Object.values(FAULT_KINDS).flatMap(({ atWorker, glyph, word }) =>
    atWorker === undefined
      ? []
      : [
          h(
            'button',
            { type: 'button', onclick: () => actions.addFaultNow((t) => atWorker(id, t)) },
            `${glyph} ${words.word(word)}`,
          ),
        ],
  )
}
