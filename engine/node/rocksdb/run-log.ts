/**
 * The changes of a database once more, as sorted runs, because RocksDB's own files cannot be taken into a snapshot: the
 * runs of an LSM store that nobody reads rows from. It lives in the databases' thread, which merges runs when it has
 * nothing else to do. Must not know RocksDB.
 */

import { InvariantViolation, present } from '../../assert.ts'
import { LsmStore } from '../../state/lsm/lsm-store.ts'
import { mergeRows } from '../../state/lsm/merge-runs.ts'
import { SortedRun } from '../../state/lsm/sorted-run.ts'
import type { StoredRow } from '../../state/rows/row-change.ts'
import type { RunInfo } from './database-requests.ts'

/** Runs are only read by restores, so fewer merges are better than fewer runs. */
const MERGE_MIN = 8

export class RunLog {
  readonly #log = new LsmStore(MERGE_MIN)
  readonly #numbers = new Map<SortedRun, number>()
  /** What the other thread may still ask for. */
  readonly #lists = new Map<number, readonly SortedRun[]>()
  #batch = this.#log.batch()
  #count = 0
  /** Whose rows are not in the database yet, newest first. */
  #adopted: SortedRun[] = []

  /** Keys and values alternate, in ascending order of keys up to the next commit. */
  add(rows: readonly (Uint8Array | null)[]): void {
    for (let i = 0; i < rows.length; i += 2) {
      const key = present(rows[i], 'A key to be logged is missing.')
      this.#batch.put({ key, value: rows[i + 1] ?? null })
    }
  }

  commit(): void {
    this.#batch.commit()
    this.#batch = this.#log.batch()
  }

  /** The runs of this moment, newest first. */
  list(list: number): RunInfo[] {
    const { runs } = this.#log
    this.#lists.set(list, runs)
    return runs.map((run) => this.#describe(run))
  }

  /** A copy of the bytes of a run of a list that was not released. */
  bytes(number: number): Uint8Array {
    for (const [run, known] of this.#numbers) if (known === number) return run.bytes.slice()
    throw new InvariantViolation(`There is no run ${number} of a database.`)
  }

  release(list: number): void {
    this.#lists.delete(list)
    const kept = new Set([...this.#log.runs, ...[...this.#lists.values()].flat()])
    for (const run of this.#numbers.keys()) if (!kept.has(run)) this.#numbers.delete(run)
  }

  /** Takes over a run of a snapshot as older than all that are here. */
  adopt(bytes: Uint8Array, checksum: number): RunInfo {
    const run = SortedRun.decode(bytes, checksum)
    if (typeof run === 'string') throw new InvariantViolation(`A run changed on its way: ${run}.`)
    this.#log.adopt(run)
    this.#adopted.push(run)
    return this.#describe(run)
  }

  /** The rows of what was adopted since the last call. */
  takeAdopted(): Iterable<StoredRow> | null {
    if (this.#adopted.length === 0) return null
    const runs = this.#adopted
    this.#adopted = []
    const everything = new Uint8Array(0)
    return mergeRows(runs.map((run) => run.scan(everything)))
  }

  /** Merges runs, as far as that is about so many bytes; false if there is nothing to do. */
  maintain(bytesMax: number): boolean {
    return this.#log.maintain(bytesMax) > 0
  }

  #describe(run: SortedRun): RunInfo {
    const { sizeBytes, checksum } = run
    return { number: this.#numberOf(run), sizeBytes, checksum }
  }

  #numberOf(run: SortedRun): number {
    const known = this.#numbers.get(run)
    if (known !== undefined) return known
    this.#count += 1
    this.#numbers.set(run, this.#count)
    return this.#count
  }
}
