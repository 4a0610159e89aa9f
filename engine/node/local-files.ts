/**
 * Files of this machine as the port that sources and sinks use. A written file is on disk before its write is answered.
 * Files whose name ends in .gz are read unpacked; offsets are those of the unpacked content.
 */
import { createReadStream } from 'node:fs'
import { access, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createGunzip } from 'node:zlib'
import { describeError } from '../errors.ts'
import type { FilePort, StorageResult } from '../runtime.ts'

/** Unpacks a file once, as far as it is asked for; going back begins anew. */
class UnpackedFile {
  readonly #path: string
  #chunks: AsyncIterator<Buffer> | null = null
  #rest: Buffer = Buffer.alloc(0)
  #at = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** One after the other: two at once would take each other's bytes. */
  read(offset: number, lengthMax: number): Promise<Uint8Array> {
    const read = this.#last.then(() => this.#read(offset, lengthMax))
    this.#last = read.catch(() => {
      // Behind an error the stream looks as if it had ended: the next one begins anew.
      this.#chunks = null
    })
    return read
  }

  async #read(offset: number, lengthMax: number): Promise<Uint8Array> {
    if (this.#chunks === null || offset < this.#at) this.#begin()
    while (this.#rest.length <= offset - this.#at) {
      const next = await this.#chunks?.next()
      if (next === undefined || next.done === true) return new Uint8Array()
      this.#at += this.#rest.length
      this.#rest = next.value
    }
    this.#rest = this.#rest.subarray(offset - this.#at)
    this.#at = offset
    return new Uint8Array(this.#rest.subarray(0, lengthMax))
  }

  #begin(): void {
    const file = createReadStream(this.#path)
    const unpacked = createGunzip()
    file.on('error', (error) => unpacked.destroy(error))
    this.#chunks = file.pipe(unpacked)[Symbol.asyncIterator]()
    this.#rest = Buffer.alloc(0)
    this.#at = 0
  }
}

/** `post` runs an action in a turn of the engine. */
export function localFiles(post: (action: () => void) => void): FilePort {
  const unpacked = new Map<string, UnpackedFile>()
  const answer = <T>(work: Promise<T>, onResult: (result: StorageResult<T>) => void): void => {
    work.then(
      (value) => post(() => onResult({ type: 'ok', value })),
      (error: unknown) => post(() => onResult({ type: 'failed', reason: describeError(error) })),
    )
  }
  return {
    read: (path, offset, lengthMax, onResult) => {
      if (!path.endsWith('.gz')) {
        answer(readPlain(path, offset, lengthMax), onResult)
        return
      }
      let file = unpacked.get(path)
      if (file === undefined) {
        file = new UnpackedFile(path)
        unpacked.set(path, file)
      }
      answer(file.read(offset, lengthMax), onResult)
    },
    write: (path, bytes, onResult) => {
      answer(writeDurably(path, bytes), onResult)
    },
    rename: (from, to, onResult) => {
      answer(renameOnce(from, to), onResult)
    },
    delete: (path) => {
      // What cannot be deleted stays; nobody reads it.
      rm(path, { force: true }).catch(() => undefined)
    },
  }
}

async function readPlain(path: string, offset: number, lengthMax: number): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const buffer = new Uint8Array(lengthMax)
    const { bytesRead } = await file.read(buffer, 0, lengthMax, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<null> {
  const directory = dirname(path)
  await mkdir(directory, { recursive: true })
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  await syncDirectory(directory)
  return null
}

/** Names are on disk when their directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** A commit may come again after a restart: when the name is there already it was done before. */
async function renameOnce(from: string, to: string): Promise<null> {
  try {
    await rename(from, to)
  } catch (error) {
    await access(to).catch(() => {
      throw error
    })
  }
  await syncDirectory(dirname(to))
  return null
}
