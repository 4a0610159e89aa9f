/**
 * Snapshots in a directory of this machine: an object is written under a temporary name, synced, renamed, and then the
 * directories are synced, so that an answered object survives a power failure and a half-written one is never seen.
 * Nothing blocks the event loop. What a crashed process was writing is ignored, and removed when a storage is opened.
 */
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ConfigurationError, describeError } from '../errors.ts'
import type { StorageKey } from '../runtime.ts'
import { noSuchObject, StorageError } from './object-store.ts'
import type { ObjectStore } from './object-store.ts'
import {
  directoriesOf,
  isAbandoned,
  isTemporary,
  keyOfPath,
  pathOfKey,
  temporaryName,
} from './storage-names.ts'

/** As many as one call of the operating system takes. */
const PIECES_PER_WRITE = 1024
/** A directory that a deletion found empty may be gone before a file is made in it. */
const CREATE_ATTEMPTS = 10

/**
 * Opens the directory; `isWritable` creates it and removes what crashed processes left. Throws a ConfigurationError when
 * it cannot be used.
 */
export async function openDirectory(path: string, isWritable: boolean): Promise<ObjectStore> {
  const root = resolve(path)
  try {
    if (isWritable) {
      const created = await mkdir(root, { recursive: true })
      if (created !== undefined) await syncUpTo(root, dirname(created))
      await removeAbandoned(root)
    } else if (!(await stat(root)).isDirectory()) {
      throw new StorageError('it is a file')
    }
  } catch (error) {
    throw new ConfigurationError(
      'no-storage',
      `The directory ${root} cannot be used for snapshots: ${causeOf(error)}.`,
    )
  }
  return new DirectoryStore(root)
}

class DirectoryStore implements ObjectStore {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async put(key: StorageKey, pieces: readonly Uint8Array[]): Promise<null> {
    const path = join(this.#root, ...pathOfKey(key))
    const directory = dirname(path)
    const temporary = join(directory, temporaryName())
    try {
      await this.#write(temporary, pieces)
      await rename(temporary, path)
      await syncUpTo(directory, this.#root)
    } catch (error) {
      // What is not removed here is when the storage is opened again.
      await rm(temporary, { force: true }).catch(() => undefined)
      throw new StorageError(`the file ${path} cannot be written: ${causeOf(error)}`)
    }
    return null
  }

  async get(key: StorageKey): Promise<Uint8Array> {
    const path = join(this.#root, ...pathOfKey(key))
    try {
      const { buffer, byteOffset, length } = await readFile(path)
      // A Buffer's slice is no copy; who reads objects relies on one.
      return new Uint8Array(buffer, byteOffset, length)
    } catch (error) {
      if (isAbsence(error)) throw noSuchObject(path)
      throw new StorageError(`the file ${path} cannot be read: ${causeOf(error)}`)
    }
  }

  async list(prefix: string): Promise<readonly StorageKey[]> {
    const keys: StorageKey[] = []
    const walk = async (names: readonly string[]): Promise<void> => {
      for (const entry of await this.#entriesOf(names)) {
        if (entry.isDirectory()) await walk([...names, entry.name])
        else if (!isTemporary(entry.name)) keys.push(keyOfPath([...names, entry.name]))
      }
    }
    await walk(directoriesOf(prefix))
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  async delete(key: StorageKey): Promise<null> {
    const path = join(this.#root, ...pathOfKey(key))
    try {
      await rm(path).catch(allowAbsence)
      await this.#removeEmpty(dirname(path))
    } catch (error) {
      throw new StorageError(`the file ${path} cannot be deleted: ${causeOf(error)}`)
    }
    return null
  }

  async #write(path: string, pieces: readonly Uint8Array[]): Promise<void> {
    const file = await this.#create(path)
    try {
      await writeAll(file, pieces)
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #create(path: string): Promise<FileHandle> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await mkdir(dirname(path), { recursive: true })
        return await open(path, 'wx')
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === CREATE_ATTEMPTS) throw error
      }
    }
  }

  async #entriesOf(names: readonly string[]) {
    const path = join(this.#root, ...names)
    try {
      return await readdir(path, { withFileTypes: true })
    } catch (error) {
      // Gone meanwhile, or never there. Only the root must be.
      if (isAbsence(error) && names.length > 0) return []
      throw new StorageError(`the directory ${path} cannot be listed: ${causeOf(error)}`)
    }
  }

  /** Removes the directory and those above it as far as they are empty, and syncs the first that is not. */
  async #removeEmpty(path: string): Promise<void> {
    let directory = path
    while (directory !== this.#root) {
      try {
        await rmdir(directory)
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') break
        allowAbsence(error)
      }
      directory = dirname(directory)
    }
    await sync(directory).catch(allowAbsence)
  }
}

/** Without a copy: the pieces are as many as the pages of a large state. A call may write less than it was given. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let rest = pieces.filter(({ length }) => length > 0)
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest.slice(0, PIECES_PER_WRITE))
    if (bytesWritten === 0) throw new StorageError('nothing more can be written')
    rest = behind(rest, bytesWritten)
  }
}

/** What comes behind the first `count` bytes. */
function behind(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let [index, bytes] = [0, count]
  for (const { length } of pieces) {
    if (length > bytes) break
    bytes -= length
    index += 1
  }
  const [first, ...others] = pieces.slice(index)
  return first === undefined ? [] : [first.subarray(bytes), ...others]
}

/** Names are on disk when their directory is: syncs it and those above it, up to the root. */
async function syncUpTo(directory: string, root: string): Promise<void> {
  for (let path = directory; ; path = dirname(path)) {
    await sync(path)
    if (path === root) return
  }
}

async function sync(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function removeAbandoned(root: string): Promise<void> {
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    if (!isTemporary(entry.name)) continue
    const path = join(entry.parentPath, entry.name)
    const found = await stat(path).catch(allowAbsence)
    if (found !== undefined && isAbandoned(entry.name, found.mtimeMs))
      await rm(path, { force: true })
  }
}

function allowAbsence(error: unknown): undefined {
  if (!isAbsence(error)) throw error
}

/** There is nothing at the path, or what would lead to it is a file. */
function isAbsence(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const CAUSES: Readonly<Record<string, string>> = {
  EACCES: 'permission is denied',
  EEXIST: 'a file stands where a directory is needed',
  EIO: 'the device reports an error',
  EISDIR: 'a directory stands there',
  EMFILE: 'too many files are open',
  ENAMETOOLONG: 'the name is too long',
  ENOENT: 'there is no such file or directory',
  ENOSPC: 'no space is left on the device',
  ENOTDIR: 'a file stands where a directory is needed',
  EROFS: 'the file system is read-only',
}

function causeOf(error: unknown): string {
  if (error instanceof StorageError) return error.message
  const code = codeOf(error)
  const cause = CAUSES[code]
  return cause === undefined ? describeError(error) : `${cause} (${code})`
}
