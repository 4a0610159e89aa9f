/** Every state of a checkpoint with every input: what comes of it, or nothing, or a violated assertion. */
import { expect, test } from 'vitest'
import type { CoordinatorInput } from '../../../engine/checkpoint/coordinator-protocol.ts'
import { checkpointId } from '../../../engine/ids.ts'
import { Coordination, handle, subtask } from './coordinator-dsl.ts'

const STATES = ['requested', 'coordinating', 'collecting', 'storing', 'abandoned', 'ended'] as const
type State = (typeof STATES)[number]

/** Checkpoint 1 in that state; `requested`: it has no id yet. */
function inState(state: State): Coordination {
  const job = new Coordination({ tolerableFailures: 9 }, ['a'], ['source'])
  if (state === 'requested') return job
  job.start()
  job.interval()
  if (state === 'coordinating') return job
  job.snapshotted(1, 'source')
  if (state === 'collecting') return job
  job.acknowledge(1, 'a')
  if (state === 'storing') return job
  if (state === 'abandoned') job.timeout(1)
  else job.stored(1)
  return job
}

const checkpoint = checkpointId(1)
const failure = { type: 'declined', subtask: subtask('a'), reason: '', isFailure: true } as const
const INPUTS: Readonly<Record<string, CoordinatorInput>> = {
  coordinator: {
    type: 'coordinator-snapshotted',
    checkpoint,
    uid: 'source',
    state: new Uint8Array(),
  },
  acknowledged: { type: 'acknowledged', checkpoint, handle: handle(1, 'a') },
  'acknowledged, other attempt': { type: 'acknowledged', checkpoint, handle: handle(1, 'a', 9) },
  declined: { type: 'declined', checkpoint, failure },
  'timed out': { type: 'timed-out', checkpoint },
  stored: { type: 'metadata-stored', checkpoint },
  'not stored': { type: 'metadata-failed', checkpoint, reason: '', isUncertain: false },
  'perhaps stored': { type: 'metadata-failed', checkpoint, reason: '', isUncertain: true },
  stop: { type: 'scheduler-stopped', failure: { type: 'failover' } },
}

const ABORTED = 'cancel-timeout notify-aborted'
const TABLE: Readonly<Record<keyof typeof INPUTS, Readonly<Record<State, string>>>> = {
  coordinator: {
    requested: '',
    coordinating: 'trigger-sources',
    collecting: 'Coordinator source answered twice.',
    storing: 'Coordinator source answered twice.',
    abandoned: '',
    ended: '',
  },
  acknowledged: {
    requested: 'discard',
    coordinating: 'discard',
    collecting: 'store-metadata',
    storing: '',
    abandoned: '',
    ended: '',
  },
  'acknowledged, other attempt': {
    requested: 'discard',
    coordinating: 'discard',
    collecting: 'discard',
    storing: 'discard',
    abandoned: 'discard',
    ended: 'discard',
  },
  declined: {
    requested: '',
    coordinating: `${ABORTED} discard`,
    collecting: `${ABORTED} discard`,
    storing: ABORTED,
    abandoned: '',
    ended: '',
  },
  'timed out': {
    requested: '',
    coordinating: `${ABORTED} discard`,
    collecting: `${ABORTED} discard`,
    storing: ABORTED,
    abandoned: '',
    ended: '',
  },
  stored: {
    requested: '',
    coordinating: 'Checkpoint 1 was stored while coordinating.',
    collecting: 'Checkpoint 1 was stored while collecting.',
    storing: 'cancel-timeout complete',
    abandoned: 'delete-metadata discard',
    ended: '',
  },
  'not stored': {
    requested: '',
    coordinating: 'Checkpoint 1 was not stored while coordinating.',
    collecting: 'Checkpoint 1 was not stored while collecting.',
    storing: `${ABORTED} discard`,
    abandoned: 'discard',
    ended: '',
  },
  'perhaps stored': {
    requested: '',
    coordinating: 'Checkpoint 1 was not stored while coordinating.',
    collecting: 'Checkpoint 1 was not stored while collecting.',
    storing: ABORTED,
    abandoned: '',
    ended: '',
  },
  stop: {
    requested: 'cancel-interval',
    coordinating: `cancel-interval ${ABORTED} discard`,
    collecting: `cancel-interval ${ABORTED} discard`,
    storing: `cancel-interval ${ABORTED}`,
    abandoned: 'cancel-interval',
    ended: 'cancel-interval',
  },
}

const rows = Object.entries(TABLE).flatMap(([name, row]) =>
  STATES.map((state) => [name, state, row[state]] as const),
)

test.each(rows)('%s when %s', (name, state, expected) => {
  const job = inState(state)
  const input = INPUTS[name]
  if (input === undefined) throw new Error(`There is no input ${name}.`)
  if (expected.startsWith('Ch') || expected.startsWith('Co')) {
    expect(() => job.input(input)).toThrow(expected)
    return
  }
  expect(
    job
      .input(input)
      .map(({ type }) => type)
      .join(' '),
  ).toBe(expected)
})
