/**
 * What job masters leave to their successors, in the snapshot storage: who is the newest, which ids of checkpoints may
 * have been given away, and how the job ended. A master writes its record before it acts. Ids are reserved ahead, so that
 * none is used twice, whatever a crash made its owner forget (F-I1). A checkpoint that a replaced master still completed,
 * after its successor had looked, has an id between that one's base and first id: it does not count.
 * Source: Flink ZooKeeperCheckpointIDCounter, JobResultStore; in one object for each master instead of ZooKeeper.
 */
import { checkpointId } from '../ids.ts'
import type { CheckpointId } from '../ids.ts'
import type { StoragePort, WriteResult } from '../runtime.ts'
import { encodeRecord, findRecord } from './checked-record.ts'

/** How the job ended. */
export interface JobEnd {
  readonly status: 'finished' | 'failed' | 'canceled'
  readonly reason: string
}

/** One job master, as its object `master/epoch-2` says. */
export interface MasterRecord {
  /** Counts the masters over this storage, whatever job they are of. */
  readonly epoch: number
  /** Which of the jobs that were submitted over this storage it is of. */
  readonly submission: number
  /** Checkpoints before this one are of former jobs. */
  readonly jobFirstId: number
  /** The checkpoint that it began with; 0 for none. */
  readonly base: number
  /** Its own checkpoints begin here. */
  readonly firstId: number
  /** Ids up to here may have been used. */
  readonly reservedId: number
}

/** So many ids are reserved at a time. */
export const IDS_AHEAD = 10

export const MASTER_PREFIX = 'master/'

export class MasterJournal {
  readonly #storage: StoragePort
  readonly #endKey: string
  /** Which of the jobs over this storage: their ends are told apart. */
  readonly submission: number
  #record: MasterRecord | null = null
  /** Durable. */
  #reservedId = 0
  #isReserving = false

  constructor(storage: StoragePort, submission: number) {
    this.#storage = storage
    this.submission = submission
    this.#endKey = `${MASTER_PREFIX}end-${submission}`
  }

  /** The newest record and the end of the job, where there are; a sentence when they cannot be read. */
  read(
    onRead: (
      found: { readonly record: MasterRecord | null; readonly end: JobEnd | null } | string,
    ) => void,
  ): void {
    this.#storage.list(MASTER_PREFIX, (keys) => {
      if (keys.type === 'failed') {
        onRead(`The records of former job masters cannot be listed: ${keys.reason}.`)
        return
      }
      const newest = newestEpoch(keys.value)
      this.#get(keys.value.includes(this.#endKey) ? this.#endKey : null, (end) => {
        if (typeof end === 'string') return onRead(end)
        this.#get(newest === null ? null : epochKey(newest), (record) => {
          if (typeof record === 'string') return onRead(record)
          // Written by `begin` and `recordEnd` below.
          onRead({ record: record as MasterRecord | null, end: end as JobEnd | null })
        })
      })
    })
  }

  /** Writes the record of this master. Null: it is durable; else the sentence about why not. */
  begin(record: MasterRecord, onDurable: (failure: string | null) => void): void {
    this.#record = record
    this.#put(record, (result) => {
      if (result.type !== 'ok') {
        onDurable(`The record of the job master cannot be written: ${result.reason}.`)
        return
      }
      if (record.epoch > 1) this.#storage.delete(epochKey(record.epoch - 1))
      onDurable(null)
    })
  }

  /** Whether the id of the next checkpoint may be used: it is reserved. Reserves more in time. */
  mayUse(next: CheckpointId): boolean {
    if (next + IDS_AHEAD / 2 > this.#reservedId) this.#reserve()
    return next <= this.#reservedId
  }

  /** Calls back when it is durable, or could not be made so. */
  recordEnd(end: JobEnd, onDone: () => void): void {
    this.#storage.put(this.#endKey, [encodeRecord(end)], onDone)
  }

  #reserve(): void {
    if (this.#isReserving || this.#record === null) return
    this.#isReserving = true
    const record = { ...this.#record, reservedId: this.#record.reservedId + IDS_AHEAD }
    this.#record = record
    this.#put(record, () => {
      this.#isReserving = false
    })
  }

  #put(record: MasterRecord, onResult: (result: WriteResult) => void): void {
    this.#storage.put(epochKey(record.epoch), [encodeRecord(record)], (result) => {
      if (result.type === 'ok') this.#reservedId = record.reservedId
      onResult(result)
    })
  }

  /** The record under the key, null for no key, or a sentence. */
  #get(key: string | null, onRead: (record: unknown) => void): void {
    if (key === null) {
      onRead(null)
      return
    }
    this.#storage.get(key, (result) => {
      if (result.type === 'failed') {
        onRead(`The record ${key} of a former job master cannot be read: ${result.reason}.`)
        return
      }
      onRead(
        findRecord(result.value) ??
          `The record ${key} of a former job master is corrupt: its checksum is wrong.`,
      )
    })
  }
}

/** What the successor of a master begins with, when it found `base` as the newest checkpoint. */
export function successor(
  former: MasterRecord | null,
  base: CheckpointId | null,
  { submission, firstId: least }: { readonly submission: number; readonly firstId: CheckpointId },
): MasterRecord {
  const firstId = Math.max((former?.reservedId ?? 0) + 1, least)
  return {
    epoch: (former?.epoch ?? 0) + 1,
    submission,
    jobFirstId: former?.submission === submission ? former.jobFirstId : firstId,
    base: base ?? 0,
    firstId,
    reservedId: firstId + IDS_AHEAD - 1,
  }
}

/** Whether a checkpoint that lies in the storage is one of the job, and not one that a replaced master left behind. */
export function isOfJob(checkpoint: CheckpointId, newest: MasterRecord): boolean {
  const { jobFirstId, base, firstId, reservedId } = newest
  if (checkpoint < jobFirstId) return false
  return checkpoint <= base || (checkpoint >= firstId && checkpoint <= reservedId)
}

export function firstIdOf({ firstId }: MasterRecord): CheckpointId {
  return checkpointId(firstId)
}

function epochKey(epoch: number): string {
  return `${MASTER_PREFIX}epoch-${epoch}`
}

function newestEpoch(keys: readonly string[]): number | null {
  let newest: number | null = null
  for (const key of keys) {
    const found = /^master\/epoch-(\d+)$/.exec(key)
    if (found !== null) newest = Math.max(newest ?? 0, Number(found[1]))
  }
  return newest
}
