/**
 * Snapshots in a directory of this machine that goes away with the process: written, synced, renamed. What the disk does
 * happens off this thread.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describeError } from '../../engine/errors.ts'
import type { StoragePort, StorageResult } from '../../engine/runtime.ts'

/** As many as one call of the operating system takes. */
const PIECES_PER_WRITE = 1024

export class BenchDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'weir-bench-'))

  /** The directory as the storage of a job; `post` runs an action in a turn of the engine. */
  storage(post: (action: () => void) => void): StoragePort {
    const answer = <T>(work: Promise<T>, onResult: (result: StorageResult<T>) => void): void => {
      work.then(
        (value) => post(() => onResult({ type: 'ok', value })),
        (error: unknown) => post(() => onResult({ type: 'failed', reason: describeError(error) })),
      )
    }
    return {
      put: (key, pieces, onResult) => {
        answer(this.write(key, pieces), onResult)
      },
      get: (key, onResult) => {
        answer(this.read(key), onResult)
      },
      delete: (key) => {
        rm(join(this.path, key), { force: true }).catch(() => undefined)
      },
    }
  }

  async write(key: string, pieces: readonly Uint8Array[]): Promise<null> {
    const path = join(this.path, key)
    await mkdir(dirname(path), { recursive: true })
    const file = await open(`${path}.part`, 'w')
    try {
      for (let i = 0; i < pieces.length; i += PIECES_PER_WRITE) {
        await file.writev(pieces.slice(i, i + PIECES_PER_WRITE))
      }
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(`${path}.part`, path)
    return null
  }

  read(key: string): Promise<Uint8Array> {
    return readFile(join(this.path, key))
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
