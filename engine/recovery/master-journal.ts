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
  readonly epoch: number
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

/** Epochs of a job that is submitted again go on so much higher, so that no attempt has the number of a former one. */
const EPOCHS_MAX = 1000

/** Where the records of a job lie; `submission` counts the jobs over one storage from 1. */
export function masterPrefix(submission: number): string {
  return submission === 1 ? 'master/' : `master-${submission}/`
}

export class MasterJournal {
  readonly submission: number
  readonly #storage: StoragePort
  readonly #prefix: string
  #record: MasterRecord | null = null
  /** Durable. */
  #reservedId = 0
  #isReserving = false

  constructor(storage: StoragePort, submission = 1) {
    this.#storage = storage
    this.submission = submission
    this.#prefix = masterPrefix(submission)
  }

  /** The newest record and the end of the job, where there are; a sentence when they cannot be read. */
  read(
    onRead: (
      found: { readonly record: MasterRecord | null; readonly end: JobEnd | null } | string,
    ) => void,
  ): void {
    const endKey = `${this.#prefix}end`
    this.#storage.list(this.#prefix, (keys) => {
      if (keys.type === 'failed') {
        onRead(`The records of former job masters cannot be listed: ${keys.reason}.`)
        return
      }
      const newest = this.#newestEpoch(keys.value)
      this.#get(keys.value.includes(endKey) ? endKey : null, (end) => {
        if (typeof end === 'string') return onRead(end)
        this.#get(newest === null ? null : this.#epochKey(newest), (record) => {
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
      this.#storage.delete(this.#epochKey(record.epoch - 1))
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
    this.#storage.put(`${this.#prefix}end`, [encodeRecord(end)], onDone)
  }

  #epochKey(epoch: number): string {
    return `${this.#prefix}epoch-${epoch}`
  }

  #newestEpoch(keys: readonly string[]): number | null {
    const start = this.#epochKey(0).slice(0, -1)
    const epochs = keys
      .filter((key) => key.startsWith(start))
      .map((key) => Number(key.slice(start.length)))
    return epochs.length === 0 ? null : Math.max(...epochs)
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
    this.#storage.put(this.#epochKey(record.epoch), [encodeRecord(record)], (result) => {
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
  job: { readonly submission: number; readonly firstId: CheckpointId },
): MasterRecord {
  const firstId = Math.max((former?.reservedId ?? 0) + 1, job.firstId)
  return {
    epoch: (former?.epoch ?? (job.submission - 1) * EPOCHS_MAX) + 1,
    jobFirstId: former?.jobFirstId ?? firstId,
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
