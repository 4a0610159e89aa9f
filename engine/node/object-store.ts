/**
 * What a durable storage of snapshots does, in promises, and the port that the engine sees of it: bounded concurrency,
 * answers in turns of the engine, and no error that gets lost. Must not know where the objects lie.
 */
import { describeError } from '../errors.ts'
import type { StorageKey, StoragePort, StorageResult } from '../runtime.ts'

/** The contract is that of StoragePort; what fails rejects with a StorageError. */
export interface ObjectStore {
  put(key: StorageKey, pieces: readonly Uint8Array[]): Promise<null>
  get(key: StorageKey): Promise<Uint8Array>
  list(prefix: string): Promise<readonly StorageKey[]>
  delete(key: StorageKey): Promise<null>
}

/** An expected failure. Its message is a clause that names the place and the cause, without a full stop. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}

/** What a get of a missing object says, in every storage. */
export function noSuchObject(place: string): StorageError {
  return new StorageError(`there is no such object (${place})`)
}

/** Calls of one port that are carried out at the same time; the others wait. */
const CONCURRENT_MAX = 8

/** `post` runs an action in a turn of the engine. */
export function storagePort(store: ObjectStore, post: (action: () => void) => void): StoragePort {
  const slots = new Slots(CONCURRENT_MAX)
  const answer = <T>(
    work: () => Promise<T>,
    onResult: ((result: StorageResult<T>) => void) | undefined,
  ): void => {
    const tell = (result: StorageResult<T>): void => {
      if (onResult !== undefined) post(() => onResult(result))
    }
    slots.run(work).then(
      (value) => tell({ type: 'ok', value }),
      (error: unknown) => tell({ type: 'failed', reason: reasonOf(error) }),
    )
  }
  return {
    put: (key, pieces, onResult) => answer(() => store.put(key, pieces), onResult),
    get: (key, onResult) => answer(() => store.get(key), onResult),
    list: (prefix, onResult) => answer(() => store.list(prefix), onResult),
    delete: (key, onResult) => answer(() => store.delete(key), onResult),
  }
}

function reasonOf(error: unknown): string {
  return error instanceof StorageError ? error.message : describeError(error)
}

/** Runs so many pieces of work at the same time, in the order in which they came. */
class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
