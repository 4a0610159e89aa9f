/**
 * A checkpoint or savepoint where it lies: `PATH` is the directory that holds its `_metadata`, or an address of one. Its
 * metadata says under which name it was stored, and so where the storage begins. Only I/O; whatever is wrong is a sentence.
 */
import { decodeStoredMetadata } from '../engine/checkpoint/checkpoint-metadata.ts'
import { encodeAt, isRelative, metadataAt } from '../engine/checkpoint/savepoint-metadata.ts'
import type { CheckpointMetadata } from '../engine/checkpoint/checkpoint-metadata.ts'
import { openStorage } from '../engine/node/storage-uri.ts'
import type { StorageKey, StoragePort, StorageResult } from '../engine/runtime.ts'
import type { ImportedSavepoint } from '../engine/savepoint/import-states.ts'
import { objectsToRead, readVertices } from '../engine/savepoint/stored-state.ts'
import type { StoredVertex } from '../engine/savepoint/stored-state.ts'
import { CorruptStateError } from '../engine/state/corrupt-state-error.ts'
import { usage } from './arguments.ts'

export interface StoredCheckpoint {
  readonly metadata: CheckpointMetadata
  readonly vertices: readonly StoredVertex[]
}

const METADATA = '/_metadata'

/** A place split into the storage and the folder in it. */
interface Place {
  readonly storage: string
  readonly folder: string
}

/** Throws a ConfigurationError with one sentence when it is not there, or not as it was stored. */
export async function readCheckpoint(path: string): Promise<StoredCheckpoint> {
  const place = split(path, 1)
  let storage = await openStorage(place.storage, { post: now, isReadOnly: true })
  const found = await asked<Uint8Array>((answer) => storage.get(place.folder + METADATA, answer))
  if (found.type === 'failed') throw await notThere(path, place, storage, found.reason)
  const stored = decodeStoredMetadata(found.value)
  if (typeof stored === 'string') throw usage(`The metadata of ${path} is corrupt: ${stored}.`)
  if (isRelative(stored)) return readAll(storage, metadataAt(place.folder + METADATA, stored))
  const depth = stored.key.split('/').length - 1
  const whole = split(path, depth)
  if (whole.folder + METADATA !== stored.key) {
    throw usage(
      `${path} was stored as ${stored.key.slice(0, -METADATA.length)} and has been moved or renamed since: give it its ` +
        'name again, because what it holds is found by that.',
    )
  }
  if (depth > 1) storage = await openStorage(whole.storage, { post: now, isReadOnly: true })
  return readAll(storage, stored.metadata)
}

async function readAll(
  storage: StoragePort,
  metadata: CheckpointMetadata,
): Promise<StoredCheckpoint> {
  const objects = await readObjects(storage, metadata)
  try {
    return { metadata, vertices: readVertices(metadata, objects) }
  } catch (error) {
    if (error instanceof CorruptStateError) throw usage(error.message)
    throw error
  }
}

/** Where a new savepoint is to be written. Throws a ConfigurationError when something lies there already. */
export class NewSavepoint {
  readonly #storage: StoragePort
  readonly #path: string
  readonly folder: string

  private constructor(path: string, folder: string, storage: StoragePort) {
    this.#path = path
    this.folder = folder
    this.#storage = storage
  }

  static async at(path: string): Promise<NewSavepoint> {
    const { storage: uri, folder } = split(path, 1)
    const storage = await openStorage(uri, { post: now })
    const found = await asked<readonly string[]>((answer) => storage.list(`${folder}/`, answer))
    if (found.type === 'failed') throw usage(`${path} cannot be written: ${found.reason}.`)
    if (found.value.length > 0) {
      throw usage(`${path} is there already; give --to a place where nothing is.`)
    }
    return new NewSavepoint(path, folder, storage)
  }

  /** The metadata last: only then it is a savepoint. */
  async write({ metadata, objects }: ImportedSavepoint): Promise<void> {
    const key = this.folder + METADATA
    await Promise.all([...objects].map(([name, pieces]) => this.#put(name, pieces)))
    await this.#put(key, [encodeAt(metadata, key)])
  }

  async #put(key: StorageKey, pieces: readonly Uint8Array[]): Promise<void> {
    const written = await asked<null>((answer) =>
      this.#storage.put(key, pieces, (result) => {
        answer(result.type === 'ok' ? result : { type: 'failed', reason: result.reason })
      }),
    )
    if (written.type === 'failed')
      throw usage(`${this.#path} cannot be written: ${written.reason}.`)
  }
}

async function readObjects(
  storage: StoragePort,
  metadata: CheckpointMetadata,
): Promise<ReadonlyMap<StorageKey, Uint8Array>> {
  const read = objectsToRead(metadata).map(async ({ key }) => {
    const found = await asked<Uint8Array>((answer) => storage.get(key, answer))
    if (found.type === 'failed') throw usage(`The object ${key} cannot be read: ${found.reason}.`)
    return [key, found.value] as const
  })
  return new Map(await Promise.all(read))
}

async function notThere(
  path: string,
  { folder }: Place,
  storage: StoragePort,
  reason: string,
): Promise<Error> {
  const found = await asked<readonly string[]>((answer) => storage.list(`${folder}/`, answer))
  const keys = found.type === 'ok' ? found.value : []
  const inside = keys
    .filter((key) => key.endsWith(METADATA))
    .map((key) => key.slice(folder.length + 1, -METADATA.length))
  if (inside.length > 0) {
    return usage(
      `${path} holds the checkpoints ${inside.join(', ')}: give the path of one of them.`,
    )
  }
  const what = 'give the directory of a checkpoint or savepoint, which has a file _metadata'
  return usage(`${path} is no checkpoint: its metadata cannot be read, ${reason}; ${what}.`)
}

/** The last `depth` names are the folder. An address keeps what stands behind its question mark. */
function split(path: string, depth: number): Place {
  const [, location = '', query = ''] = /^([^?]*)(\?.*)?$/s.exec(path) ?? []
  const isAddress = /^[A-Za-z][A-Za-z0-9+.-]+:/.test(location)
  const [place, suffix] = isAddress ? [location, query] : [path, '']
  const names = place
    .replace(/\/+$/, '')
    .replace(/\/_metadata$/, '')
    .split('/')
  const folder = names.splice(-depth)
  const storage = names.length === 0 ? '.' : names.join('/') || '/'
  if (folder.some((name) => name === '' || name === '.' || name === '..')) {
    throw usage(`${path} does not name a checkpoint: give the path of its directory.`)
  }
  const decoded = isAddress ? folder.map((name) => decodedName(path, name)) : folder
  return { storage: storage + suffix, folder: decoded.join('/') }
}

function decodedName(path: string, name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    throw usage(`${path} is no address: a % in it stands for nothing.`)
  }
}

function asked<T>(
  call: (answer: (result: StorageResult<T>) => void) => void,
): Promise<StorageResult<T>> {
  return new Promise((resolve) => {
    call(resolve)
  })
}

function now(action: () => void): void {
  action()
}
