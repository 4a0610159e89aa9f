/** Finds the keys in a part of a changelog's partition that still have a value there: those that need a tombstone. */
import { CorruptStateError } from '../state/corrupt-state-error.ts'
import { mapKeyId, type MapKeyId } from '../state/map-container.ts'
import { decodeLogRecord } from './change-records.ts'
import { readPartition } from './read-partition.ts'
import type { PartitionReading } from './read-partition.ts'

export type ObsoleteKeysRequest = Pick<PartitionReading, 'client' | 'runtime' | 'part'> & {
  /** Records of lower epochs are others'. */
  readonly floor: number
  /** Null: the part cannot be read; it can be tried again another time. */
  readonly onKeys: (keys: readonly Uint8Array[] | null) => void
}

export function findObsoleteKeys({ floor, onKeys, ...reading }: ObsoleteKeysRequest): void {
  const keys = new Map<MapKeyId, Uint8Array>()
  readPartition({
    ...reading,
    onRecord: (record) => {
      const epoch = epochOf(record)
      if (record.key === null || epoch === null || epoch < floor) return
      if (record.value === null) keys.delete(mapKeyId(record.key))
      else keys.set(mapKeyId(record.key), record.key)
    },
    onEnd: (problem) => {
      onKeys(problem === null ? [...keys.values()] : null)
    },
  })
}

/** Of a row; null for anything else. */
function epochOf(record: Parameters<typeof decodeLogRecord>[0]): number | null {
  try {
    const entry = decodeLogRecord(record)
    return entry.type === 'head' ? null : entry.epoch
  } catch (error) {
    if (error instanceof CorruptStateError) return null
    throw error
  }
}
