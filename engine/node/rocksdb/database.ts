/**
 * One RocksDB database in the thread that owns it: reads and writes of many keys at once, views, scans in pieces.
 * It is scratch: made empty, removed when it is closed. Must not know what rows mean.
 */

import { mkdir, rm } from 'node:fs/promises'
import type RocksDB from 'rocksdb-native'
import { present } from '../../assert.ts'
import { BytesPacker, packBytes, unpackBytes } from './packed-bytes.ts'
import type { WantedRequest } from './database-requests.ts'
import type { RocksDbClass } from './load-package.ts'

type ScanRequest = Extract<WantedRequest, { type: 'scan' }>

/** What is in memory at the end is of no use to anybody, so it is not written then. */
const OPTIONS = { maxBackgroundJobs: 2, writeBufferSize: 32 << 20, avoidFlushDuringShutdown: true }
/** Of what an iterator fetches in one go. */
const ITERATOR_ROWS = 1024
const SIZES = ['rocksdb.total-sst-files-size', 'rocksdb.cur-size-all-mem-tables']

export class Database {
  readonly #rocks: RocksDB
  readonly #directory: string
  readonly #views = new Map<number, RocksDB>()

  private constructor(rocks: RocksDB, directory: string) {
    this.#rocks = rocks
    this.#directory = directory
  }

  static async open(RocksDb: RocksDbClass, directory: string): Promise<Database> {
    await mkdir(directory, { recursive: true })
    const rocks = new RocksDb(directory, OPTIONS)
    await rocks.ready()
    return new Database(rocks, directory)
  }

  /** The values of the packed keys, packed. */
  async get(packedKeys: Uint8Array): Promise<Uint8Array> {
    const keys = unpackBytes(packedKeys)
    // The package never comes back from a batch without anything in it.
    if (keys.length === 0) return packBytes([])
    const batch = this.#rocks.read({ capacity: keys.length })
    const values = keys.map((key) => batch.get(present(key, 'A key to be read is missing.')))
    try {
      const [, ...found] = await Promise.all([batch.flush(), ...values])
      return packBytes(found)
    } finally {
      batch.destroy()
    }
  }

  /** Keys and values alternate; a value that is missing removes. */
  async write(rows: readonly (Uint8Array | null)[]): Promise<void> {
    if (rows.length === 0) return
    const batch = this.#rocks.write({ capacity: rows.length / 2 })
    for (let i = 0; i < rows.length; i += 2) {
      const key = present(rows[i], 'A key to be written is missing.')
      const value = rows[i + 1] ?? null
      if (value === null) batch.tryDelete(key)
      else batch.tryPut(key, value)
    }
    try {
      await batch.flush()
    } finally {
      batch.destroy()
    }
  }

  openView(view: number): void {
    this.#views.set(view, this.#rocks.snapshot())
  }

  async releaseView(view: number): Promise<void> {
    await this.#views.get(view)?.close()
    this.#views.delete(view)
  }

  async scan({ view, begin, isBehind, end, rowsMax }: ScanRequest): Promise<Uint8Array> {
    const rocks = present(this.#views.get(view), `There is no view ${view} of a database.`)
    const from = isBehind ? { gt: begin } : { gte: begin }
    const range = { ...from, ...(end === null ? {} : { lt: end }), limit: rowsMax }
    const packer = new BytesPacker(1 << 16)
    const capacity = Math.min(rowsMax, ITERATOR_ROWS)
    for await (const { key, value } of rocks.iterator(range, { capacity })) {
      packer.add(key)
      packer.add(value)
    }
    return packer.finish()
  }

  async size(): Promise<number> {
    let bytes = 0
    for (const property of SIZES) bytes += Number(await this.#rocks.getProperty(property))
    return bytes
  }

  async close(): Promise<void> {
    for (const view of this.#views.keys()) await this.releaseView(view)
    await this.#rocks.close({ force: true })
    await rm(this.#directory, { recursive: true, force: true })
  }
}
