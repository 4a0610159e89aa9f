/** What is left of the records of a log when all are applied, in order: of each row the last change. */
import type { RecordData } from '../kafka/protocol.ts'
import type { LogRange } from '../state/lsm/run-manifest.ts'
import { RunBuilder, type SortedRun } from '../state/lsm/sorted-run.ts'
import { mapKeyId, type MapKeyId } from '../state/map-container.ts'
import { compareBytes, type RowChange } from '../state/rows/row-change.ts'
import { keyGroupOfRow } from '../state/rows/row-key.ts'
import type { LogEntry } from './change-records.ts'

export class LoggedChanges {
  readonly #range: LogRange
  readonly #last = new Map<MapKeyId, RowChange>()
  #sizeBytes = 0

  constructor(range: LogRange) {
    this.#range = range
  }

  /** Those of other key groups are left out. */
  take(entry: LogEntry, { key, value }: RecordData): void {
    this.#sizeBytes += (key?.length ?? 0) + (value?.length ?? 0)
    if (entry.type !== 'change') return
    const { change } = entry
    const keyGroup = keyGroupOfRow(change.key)
    const { first, last } = this.#range.keyGroups
    if (first <= keyGroup && keyGroup <= last) this.#last.set(mapKeyId(change.key), change)
  }

  finish(): { readonly run: SortedRun; readonly sizeBytes: number } {
    const builder = new RunBuilder(this.#sizeBytes)
    const changes = [...this.#last.values()].sort((a, b) => compareBytes(a.key, b.key))
    for (const change of changes) builder.add(change)
    return { run: builder.finish(), sizeBytes: this.#sizeBytes }
  }
}
