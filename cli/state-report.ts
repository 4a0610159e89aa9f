/** What `weir state` prints: a checkpoint's contents as tables, and the entries of a key. */
import type {
  CheckpointDescription,
  KeyGroupsDescription,
  StateDescription,
  VertexDescription,
} from '../engine/savepoint/describe-checkpoint.ts'
import type { JsonLine } from '../engine/savepoint/state-lines.ts'
import type { Json } from '../engine/savepoint/tagged-json.ts'
import { count, labelled, paint, plural, printable, printBlocks, table } from './terminal.ts'

export function printDescription(path: string, description: CheckpointDescription): void {
  const { checkpoint, kind, triggeredAt, sizeBytes, objects } = description
  const head = [
    paint('bold', printable(path)),
    kind === 'checkpoint' ? `checkpoint ${checkpoint}` : `checkpoint ${checkpoint} (${kind})`,
    `triggered at ${count(triggeredAt)} ms`,
    `${bytes(sizeBytes)} in ${plural(objects.length, 'object')}`,
  ]
  printBlocks([
    [head.join('  ·  ')],
    ...description.vertices.filter(hasKeyedState).map(vertexText),
    operatorsText(description),
    labelled(
      description.positions.map(({ operator, split }) => [
        'positions',
        `${printable(operator)}  ${splitText(split)}`,
      ]),
    ),
    labelled(
      description.transactions.map((transaction) => [
        'pre-committed',
        `${printable(transaction.operator)}  ${printable(transaction.transactionalId)}  producer ` +
          `${transaction.producerId}, epoch ${transaction.producerEpoch}, of checkpoint ${transaction.checkpoint}`,
      ]),
    ),
  ])
}

/** The lines that an export would have for one key. */
export function printEntries(key: string, lines: readonly JsonLine[]): void {
  const rows = lines.map((line) => [
    `  ${text(line['operator'])}`,
    text(line['state']),
    valueText(line['key']),
    line['namespace'] === undefined ? '' : `namespace ${text(line['namespace'])}`,
    line['at'] === undefined ? '' : paint('dim', `last use ${valueText(line['at'])}`),
    line['kind'] === 'timer' ? `at ${text(line['time'])}` : valueText(line['value']),
  ])
  printBlocks([[paint('bold', printable(key)), ...table(rows)]])
}

function hasKeyedState({ formats, channelBytes }: VertexDescription): boolean {
  return formats.length > 0 || channelBytes > 0
}

function vertexText(vertex: VertexDescription): string[] {
  const { states, timers, channelBytes, formats } = vertex
  const head = `${paint('bold', printable(vertex.vertex))}  ${plural(vertex.subtasks, 'subtask')}`
  if (states === null) {
    return [head, `  stored as ${formats.join(' and ')}: take a savepoint to look inside`]
  }
  const rows = [
    ['  state', 'kind', 'serializer', 'keys', 'elements', 'bytes', 'key groups'].map((cell) =>
      paint('dim', cell),
    ),
    ...states.map(stateRow),
    ...timers.map(({ domain, count: timerCount, earliest, keyGroups }) => [
      `  ${domain}-time timers`,
      `from ${text(earliest)}`,
      '',
      count(timerCount),
      '',
      '',
      keyGroupsText(keyGroups),
    ]),
  ]
  const flying = channelBytes === 0 ? [] : [`  ${bytes(channelBytes)} of records in flight`]
  return [head, ...table(rows, [3, 4, 5]), ...flying]
}

function stateRow(state: StateDescription): string[] {
  const { kind, isNamespaced, hasTtl, serializer, keySerializer, keyGroups } = state
  const notes = [...(isNamespaced ? ['windows'] : []), ...(hasTtl ? ['ttl'] : [])]
  return [
    `  ${printable(state.state)}`,
    notes.length === 0 ? kind : `${kind} (${notes.join(', ')})`,
    printable(keySerializer === '' ? serializer : `${keySerializer} to ${serializer}`),
    count(state.keys),
    count(state.elements),
    count(state.sizeBytes),
    keyGroupsText(keyGroups),
  ]
}

function keyGroupsText({ first, last, count: groups }: KeyGroupsDescription): string {
  return `${groups} in ${first}–${last}`
}

function operatorsText({ operators, coordinators }: CheckpointDescription): string[] {
  if (operators.length + coordinators.length === 0) return []
  const rows = [
    ['  operator state', 'of', 'dealt out', 'items', 'bytes'].map((cell) => paint('dim', cell)),
    ...operators.map(({ operator, state, redistribution, items, sizeBytes }) => [
      `  ${printable(state)}`,
      printable(operator),
      redistribution,
      count(items),
      count(sizeBytes),
    ]),
    ...coordinators.map(({ operator, sizeBytes }) => [
      '  coordinator',
      printable(operator),
      '',
      '',
      count(sizeBytes),
    ]),
  ]
  return table(rows, [3, 4])
}

/** `in-1 at offset 34`; splits of other sources as they are. */
function splitText(split: Json): string {
  if (typeof split === 'object' && split !== null && 'topic' in split && 'offset' in split) {
    return printable(
      `${text(split.topic)}-${text(split['partition'])} at offset ${text(split.offset)}`,
    )
  }
  return valueText(split)
}

/** A text as it is, everything else as JSON. */
function text(json: Json | undefined): string {
  return typeof json === 'string' ? printable(json) : valueText(json)
}

function valueText(json: Json | undefined): string {
  return printable(JSON.stringify(json) ?? '')
}

function bytes(value: number): string {
  if (value < 10_000) return `${count(value)} bytes`
  return value < 10_000_000 ? `${count(value / 1000)} kB` : `${count(value / 1_000_000)} MB`
}
