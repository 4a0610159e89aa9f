/**
 * How a job master takes over: reads what its predecessors left, finds the newest completed checkpoints, and writes its
 * own record before it acts. The newest that cannot be read is an error, for what was committed after an older one would
 * be written a second time (FLINK-22502); only a job that says so falls back.
 * Source: Flink DefaultCompletedCheckpointStoreUtils, JobMaster leadership.
 */
import { isSavepoint } from '../checkpoint/checkpoint-kind.ts'
import { decodeMetadata, metadataKey } from '../checkpoint/checkpoint-metadata.ts'
import type { CheckpointMetadata } from '../checkpoint/checkpoint-metadata.ts'
import { FRESH_START } from '../checkpoint/coordinator-state.ts'
import type { CoordinatorStart } from '../checkpoint/coordinator-state.ts'
import { ConfigurationError } from '../errors.ts'
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import type { JobGraph } from '../job/job-graph.ts'
import type { Mutants } from '../mutants.ts'
import type { StoragePort } from '../runtime.ts'
import { firstIdOf, isOfJob, successor } from './master-journal.ts'
import type { JobEnd, MasterJournal, MasterRecord } from './master-journal.ts'
import { readRestorePoint } from './restore-point.ts'
import type { RestoreFrom } from './restore-point.ts'

export interface TakeoverOptions {
  readonly storage: StoragePort
  readonly journal: MasterJournal
  readonly mutants: Mutants
  /** Completed checkpoints that are kept. */
  readonly retained: number
  /** A newest checkpoint that cannot be read is passed over. */
  readonly fallbackToPrevious: boolean
  readonly graph: JobGraph
  /** What the job starts from as long as it has no checkpoint of its own. */
  readonly restoreFrom: RestoreFrom | undefined
}

export interface Unreadable {
  readonly checkpoint: CheckpointId
  readonly reason: string
}

export type Takeover =
  | {
      readonly type: 'taken'
      readonly record: MasterRecord
      readonly start: CoordinatorStart
      /** Newer ones that were passed over. */
      readonly unreadable: readonly Unreadable[]
      /** There was a job master of this job before. */
      readonly isSuccessor: boolean
    }
  /** The job is over already. */
  | { readonly type: 'ended'; readonly end: JobEnd }
  /** One sentence. */
  | { readonly type: 'failed'; readonly reason: string }

export function takeOver(options: TakeoverOptions, onTaken: (takeover: Takeover) => void): void {
  const { journal } = options
  journal.read((found) => {
    if (typeof found === 'string') return onTaken({ type: 'failed', reason: found })
    const { record, end } = found
    if (end !== null) return onTaken({ type: 'ended', end })
    // What lies there without a record of this job belongs to somebody else.
    if (record?.submission !== journal.submission) {
      begin(options, { former: record, completed: [], unreadable: [] }, onTaken)
      return
    }
    readCheckpoints(options, record, (read) => {
      if (typeof read === 'string') onTaken({ type: 'failed', reason: read })
      else begin(options, { former: record, ...read }, onTaken)
    })
  })
}

interface Read {
  readonly completed: readonly CheckpointMetadata[]
  readonly unreadable: readonly Unreadable[]
}

function begin(
  options: TakeoverOptions,
  found: Read & { readonly former: MasterRecord | null },
  onTaken: (takeover: Takeover) => void,
): void {
  const { storage, graph, restoreFrom } = options
  const own = found.completed.map((metadata) => ({
    metadata,
    location: metadataKey(metadata.checkpoint),
    isOwned: !isSavepoint(metadata.kind),
  }))
  if (own.length > 0 || restoreFrom === undefined) {
    write(options, found, { ...FRESH_START, completed: own }, onTaken)
    return
  }
  readRestorePoint(storage, graph, restoreFrom, (start) => {
    if (start instanceof ConfigurationError) onTaken({ type: 'failed', reason: start.message })
    else write(options, found, start, onTaken)
  })
}

/** `start.nextId`: ids before it belong to others. */
function write(
  { journal, mutants }: TakeoverOptions,
  { former, completed, unreadable }: Read & { readonly former: MasterRecord | null },
  start: CoordinatorStart,
  onTaken: (takeover: Takeover) => void,
): void {
  const base = completed.at(-1)?.checkpoint ?? null
  const right = successor(former, base, { submission: journal.submission, firstId: start.nextId })
  const isReused = former !== null && mutants.active('checkpoint-id-reused')
  const record = isReused ? { ...right, firstId: right.base + 1 } : right
  journal.begin(record, (failure) => {
    if (failure !== null) onTaken({ type: 'failed', reason: failure })
    else {
      const isSuccessor = former?.submission === journal.submission
      const nextId = firstIdOf(record)
      onTaken({ type: 'taken', record, start: { ...start, nextId }, unreadable, isSuccessor })
    }
  })
}

/** Newest first, until there are enough of them. */
function readCheckpoints(
  options: TakeoverOptions,
  newest: MasterRecord,
  onRead: (read: Read | string) => void,
): void {
  const { storage, mutants } = options
  storage.list('chk-', (keys) => {
    if (keys.type === 'failed') {
      onRead(`The completed checkpoints cannot be listed: ${keys.reason}.`)
      return
    }
    const isForgotten = mutants.active('master-forgets-checkpoints')
    const ids = keys.value.flatMap(idOf).filter((id) => !isForgotten && isOfJob(id, newest))
    readNext(
      options,
      ids.toSorted((a, b) => b - a),
      { completed: [], unreadable: [] },
      onRead,
    )
  })
}

function readNext(
  options: TakeoverOptions,
  ids: readonly CheckpointId[],
  read: Read,
  onRead: (read: Read | string) => void,
): void {
  const [checkpoint, ...older] = ids
  if (checkpoint === undefined || read.completed.length === options.retained) {
    onRead(finished(read))
    return
  }
  const key = metadataKey(checkpoint)
  options.storage.get(key, (result) => {
    const metadata = result.type === 'failed' ? result.reason : decodeMetadata(result.value)
    if (typeof metadata !== 'string') {
      readNext(options, older, { ...read, completed: [metadata, ...read.completed] }, onRead)
      return
    }
    // Behind one that can be read an older one is only missed, not restored.
    if (read.completed.length > 0) {
      readNext(options, older, read, onRead)
      return
    }
    const mayPass =
      options.fallbackToPrevious || options.mutants.active('unreadable-checkpoint-skipped')
    if (!mayPass) {
      onRead(
        `The newest checkpoint cannot be restored: ${key} cannot be read: ${metadata}. Restore an older one by hand, ` +
          'or set checkpointing.fallbackToPrevious: output that was committed after that one is then written a second time.',
      )
      return
    }
    const unreadable = [
      ...read.unreadable,
      { checkpoint, reason: `${key} cannot be read: ${metadata}` },
    ]
    readNext(options, older, { ...read, unreadable }, onRead)
  })
}

/** With nothing to fall back to, the job would begin anew, and write everything a second time. */
function finished(read: Read): Read | string {
  const [newest] = read.unreadable
  if (newest === undefined || read.completed.length > 0) return read
  return `No checkpoint can be restored: of the newest, ${newest.reason}; there is no other that can be read.`
}

function idOf(key: string): CheckpointId[] {
  const found = /^chk-(\d+)\/_metadata$/.exec(key)
  return found === null ? [] : [checkpointId(Number(found[1]))]
}
