/**
 * Snapshots in HDFS. An object is written to a temporary file and then renamed over the old one, which the name node does
 * atomically; nobody sees a part of an object. A file that was closed is on its data nodes (on their disks if
 * dfs.datanode.synconclose is set). Gateways that know no overwriting rename (HttpFS) get a deletion and a rename: there
 * the object may be missing for a moment, and is never a part.
 */
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
import { WEBHDFS_TIMINGS, WebHdfsClient, WebHdfsError } from './webhdfs-client.ts'
import type { WebHdfsAddress, WebHdfsOperation, WebHdfsTimings } from './webhdfs-client.ts'

export interface WebHdfsOptions extends WebHdfsAddress {
  /** The directory, as the names that lead to it. */
  readonly root: readonly string[]
  /** Whether the directory is created and what crashed processes left in it removed. */
  readonly isWritable: boolean
  readonly timings?: WebHdfsTimings
}

interface FileStatus {
  readonly pathSuffix: string
  readonly type: 'FILE' | 'DIRECTORY'
  readonly length: number
  readonly modificationTime: number
}

/** Throws a ConfigurationError when the directory cannot be used. */
export async function openWebHdfs(options: WebHdfsOptions): Promise<ObjectStore> {
  const { host, port, root, isWritable, timings = WEBHDFS_TIMINGS } = options
  const store = new WebHdfsStore(new WebHdfsClient(options, timings), root)
  try {
    await store.open(isWritable)
  } catch (error) {
    throw new ConfigurationError(
      'no-storage',
      `webhdfs://${host}:${port}/${root.join('/')} cannot be used for snapshots: ${causeOf(error)}.`,
    )
  }
  return store
}

class WebHdfsStore implements ObjectStore {
  readonly #client: WebHdfsClient
  readonly #root: readonly string[]

  constructor(client: WebHdfsClient, root: readonly string[]) {
    this.#client = client
    this.#root = root
  }

  async open(isWritable: boolean): Promise<void> {
    if (!isWritable) {
      const statuses = await this.#statuses(this.#root, false)
      if (statuses.some(isOfItself)) throw new StorageError('it is a file')
      return
    }
    const { boolean: isMade } = (await this.#json('PUT', this.#root, 'MKDIRS')) as BooleanReply
    if (!isMade) throw new StorageError('it cannot be created')
    for await (const { names, status } of this.#walk([])) {
      if (isAbandoned(status.pathSuffix, status.modificationTime)) await this.#remove(names)
    }
  }

  async put(key: StorageKey, pieces: readonly Uint8Array[]): Promise<null> {
    const names = [...this.#root, ...pathOfKey(key)]
    const directory = names.slice(0, -1)
    const written: (readonly string[])[] = []
    try {
      await this.#client.run(() => {
        // Each attempt has a file of its own: the former may still be open for writing.
        const temporary = [...directory, temporaryName()]
        written.push(temporary)
        const parameters = { overwrite: 'false' }
        return { method: 'PUT', names: temporary, op: 'CREATE', parameters, body: pieces }
      })
      await this.#rename(written.pop() ?? [], names, lengthOf(pieces))
    } catch (error) {
      throw new StorageError(`the object ${textOf(names)} cannot be written: ${causeOf(error)}`)
    } finally {
      // What is not removed here is when the storage is opened again.
      await Promise.allSettled(written.map((temporary) => this.#remove(temporary, 1)))
    }
    return null
  }

  async get(key: StorageKey): Promise<Uint8Array> {
    const names = [...this.#root, ...pathOfKey(key)]
    try {
      const { buffer, byteOffset, length } = await this.#run('GET', names, 'OPEN')
      return new Uint8Array(buffer, byteOffset, length)
    } catch (error) {
      if (isAbsence(error)) throw noSuchObject(textOf(names))
      throw new StorageError(`the object ${textOf(names)} cannot be read: ${causeOf(error)}`)
    }
  }

  async list(prefix: string): Promise<readonly StorageKey[]> {
    const keys: StorageKey[] = []
    try {
      for await (const { names, status } of this.#walk(directoriesOf(prefix))) {
        if (!isTemporary(status.pathSuffix)) keys.push(keyOfPath(names.slice(this.#root.length)))
      }
    } catch (error) {
      const place = textOf([...this.#root, ...directoriesOf(prefix)])
      throw new StorageError(`the directory ${place} cannot be listed: ${causeOf(error)}`)
    }
    return keys.filter((key) => key.startsWith(prefix)).sort()
  }

  async delete(key: StorageKey): Promise<null> {
    const names = [...this.#root, ...pathOfKey(key)]
    try {
      await this.#remove(names)
      await this.#removeEmpty(names)
    } catch (error) {
      throw new StorageError(`the object ${textOf(names)} cannot be deleted: ${causeOf(error)}`)
    }
    return null
  }

  /** `length` is that of the file: an attempt whose answer was lost has renamed it already. */
  async #rename(from: readonly string[], to: readonly string[], length: number): Promise<void> {
    const destination = `/${to.join('/')}`
    let attempts = 0
    const operation = (parameters: Readonly<Record<string, string>>) => (): WebHdfsOperation => {
      attempts += 1
      return { method: 'PUT', names: from, op: 'RENAME', parameters }
    }
    try {
      const reply = await this.#client.run(operation({ destination, renameoptions: 'OVERWRITE' }))
      if (!isRefusal(reply)) return
      await this.#remove(to)
      if (!isRefusal(await this.#client.run(operation({ destination })))) return
    } catch (error) {
      if (attempts === 1 || !isAbsence(error)) throw error
      const { FileStatus: status } = (await this.#json('GET', to, 'GETFILESTATUS')) as StatusReply
      if (status.length === length) return
      throw error
    }
    throw new StorageError('it cannot be renamed')
  }

  async #remove(names: readonly string[], attempts?: number): Promise<void> {
    const parameters = { recursive: 'false' }
    try {
      await this.#client.run(
        () => ({ method: 'DELETE', names, op: 'DELETE', parameters }),
        attempts,
      )
    } catch (error) {
      if (!isAbsence(error)) throw error
    }
  }

  /** Removes the directories above the file as far as they are empty. */
  async #removeEmpty(names: readonly string[]): Promise<void> {
    for (let depth = names.length - 1; depth > this.#root.length; depth -= 1) {
      try {
        await this.#remove(names.slice(0, depth))
      } catch (error) {
        if (error instanceof WebHdfsError && /NotEmpty/.test(error.exception + error.message))
          return
        throw error
      }
    }
  }

  /** The files below a directory, with the names that lead to them from the root of the file system. */
  async *#walk(
    below: readonly string[],
  ): AsyncIterable<{ readonly names: readonly string[]; readonly status: FileStatus }> {
    const directory = [...this.#root, ...below]
    for (const status of await this.#statuses(directory, below.length > 0)) {
      if (isOfItself(status)) continue
      const names = [...directory, status.pathSuffix]
      if (status.type === 'FILE') yield { names, status }
      else yield* this.#walk([...below, status.pathSuffix])
    }
  }

  async #statuses(directory: readonly string[], mayBeAbsent: boolean) {
    try {
      const reply = (await this.#json('GET', directory, 'LISTSTATUS')) as StatusesReply
      return reply.FileStatuses.FileStatus
    } catch (error) {
      if (mayBeAbsent && isAbsence(error)) return []
      throw error
    }
  }

  #run(method: WebHdfsOperation['method'], names: readonly string[], op: string): Promise<Buffer> {
    return this.#client.run(() => ({ method, names, op }))
  }

  async #json(
    method: WebHdfsOperation['method'],
    names: readonly string[],
    op: string,
  ): Promise<unknown> {
    const bytes = await this.#run(method, names, op)
    try {
      return JSON.parse(bytes.toString())
    } catch {
      throw new WebHdfsError(`the name node answers ${op} with something that is not JSON`)
    }
  }
}

interface BooleanReply {
  readonly boolean: boolean
}

interface StatusReply {
  readonly FileStatus: FileStatus
}

interface StatusesReply {
  readonly FileStatuses: { readonly FileStatus: readonly FileStatus[] }
}

/** A file is listed as itself, without a name. */
function isOfItself({ pathSuffix }: FileStatus): boolean {
  return pathSuffix === ''
}

/** An overwriting rename answers with nothing, another one with whether it happened. */
function isRefusal(reply: Buffer): boolean {
  return /"boolean"\s*:\s*false/.test(reply.toString())
}

/** Also when what would lead to the file is a file. */
function isAbsence(error: unknown): boolean {
  if (!(error instanceof WebHdfsError)) return false
  return (
    error.exception === 'FileNotFoundException' || error.exception === 'ParentNotDirectoryException'
  )
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function textOf(names: readonly string[]): string {
  return `/${names.join('/')}`
}

function causeOf(error: unknown): string {
  return error instanceof StorageError || error instanceof WebHdfsError
    ? error.message
    : describeError(error)
}
