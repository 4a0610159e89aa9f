// Whether RocksDB works on this machine. Tests that need it are skipped with the reason printed; a strict run counts
// skipped tests as failures.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import { RocksDbState } from '../../../../engine/node/rocksdb/rocksdb-state.ts'

const missing = await findMissing()
if (missing !== null) process.stdout.write(`Tests of RocksDB are skipped: ${missing}\n`)

export function describeRocksDb(name: string, tests: () => void): void {
  describe.skipIf(missing !== null)(name, tests)
}

/** A directory that is removed when the tests of the file have run. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'weir-test-rocksdb-'))
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true })
  })
  return directory
}

async function findMissing(): Promise<string | null> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-test-rocksdb-'))
  const state = new RocksDbState(directory)
  try {
    state.open().close()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await state.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
