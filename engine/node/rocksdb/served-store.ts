/**
 * A store as the databases' thread serves it: the database, and its changes as runs if they are wanted. Must not know how
 * requests come.
 */

import { present } from '../../assert.ts'
import { Database } from './database.ts'
import type { DatabaseReply, SilentRequest, WantedRequest } from './database-requests.ts'
import type { RocksDbClass } from './load-package.ts'
import { unpackBytes } from './packed-bytes.ts'
import { RunLog } from './run-log.ts'

export type OpenRequest = Extract<WantedRequest, { type: 'open' }>
export type ReadRequest = Exclude<WantedRequest, OpenRequest>

/** Rows of adopted runs that are written at once. */
const INGEST_ROWS = 4096

export class ServedStore {
  readonly #database: Database
  readonly #log: RunLog | null

  private constructor(database: Database, log: RunLog | null) {
    this.#database = database
    this.#log = log
  }

  static async open(
    RocksDb: RocksDbClass,
    { directory, keepsRuns }: OpenRequest,
  ): Promise<ServedStore> {
    const database = await Database.open(RocksDb, directory)
    return new ServedStore(database, keepsRuns ? new RunLog() : null)
  }

  async read(request: ReadRequest): Promise<DatabaseReply> {
    if (request.type !== 'adopt-run') await this.#ingest()
    switch (request.type) {
      case 'get':
        return { type: 'bytes', packed: await this.#database.get(request.keys) }
      case 'scan':
        return { type: 'bytes', packed: await this.#database.scan(request) }
      case 'size':
        return { type: 'size', bytes: await this.#database.size() }
      case 'list-runs':
        return { type: 'runs', runs: this.#runs.list(request.list) }
      case 'read-run':
        return { type: 'bytes', packed: this.#runs.bytes(request.run) }
      case 'adopt-run':
        return { type: 'runs', runs: [this.#runs.adopt(request.bytes, request.checksum)] }
    }
  }

  async carryOut(request: SilentRequest): Promise<void> {
    if (request.type !== 'close') await this.#ingest()
    switch (request.type) {
      case 'write': {
        const rows = unpackBytes(request.rows)
        this.#log?.add(rows)
        await this.#database.write(rows)
        return
      }
      case 'commit':
        this.#log?.commit()
        return
      case 'view':
        this.#database.openView(request.view)
        return
      case 'release':
        await this.#database.releaseView(request.view)
        return
      case 'release-runs':
        this.#runs.release(request.list)
        return
      case 'close':
        await this.#database.close()
    }
  }

  /** Housekeeping of about so many bytes; false if there was nothing to do. */
  maintain(bytesMax: number): boolean {
    return this.#log?.maintain(bytesMax) ?? false
  }

  get #runs(): RunLog {
    return present(this.#log, 'A database keeps no runs.')
  }

  /** Nothing is older than what was adopted, and nothing newer was written yet. */
  async #ingest(): Promise<void> {
    let rows: Uint8Array[] = []
    for (const { key, value } of this.#log?.takeAdopted() ?? []) {
      rows.push(key, value)
      if (rows.length < INGEST_ROWS * 2) continue
      await this.#database.write(rows)
      rows = []
    }
    if (rows.length > 0) await this.#database.write(rows)
  }
}
