/**
 * Simulated snapshot storage: one durable store for all processes, with latency by size. A write takes effect when it
 * ends, and only if its writer lived that long; what is stored survives every crash.
 */
import { concatenate } from '../../engine/concatenate.ts'
import type { StorageKey, StoragePort } from '../../engine/runtime.ts'
import type { CostModel } from './cost-model.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

export class SimulatedStorage {
  readonly #world: World
  readonly #costs: CostModel
  readonly #objects = new Map<StorageKey, Uint8Array>()

  constructor(world: World, costs: CostModel) {
    this.#world = world
    this.#costs = costs
  }

  /** The port of one process. */
  portOf(process: SimulatedProcess): StoragePort {
    const after = (label: string, bytes: number, action: () => void): void => {
      const { storageMicros, storageMicrosPerKilobyte } = this.#costs
      const micros = storageMicros + Math.ceil((bytes * storageMicrosPerKilobyte) / 1024)
      this.#world.after(micros / 1000, label, process.id, () => {
        if (process.isAlive) action()
      })
    }
    return {
      put: (key, pieces, onResult) => {
        const bytes = concatenate(pieces)
        after('storage-put', bytes.length, () => {
          this.#objects.set(key, bytes)
          onResult({ type: 'ok', value: null })
        })
      },
      get: (key, onResult) => {
        const bytes = this.#objects.get(key)
        after('storage-get', bytes?.length ?? 0, () => {
          onResult(
            bytes === undefined
              ? { type: 'failed', reason: 'there is no such object' }
              : { type: 'ok', value: bytes },
          )
        })
      },
      list: (prefix, onResult) => {
        after('storage-list', 0, () => {
          const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix))
          onResult({ type: 'ok', value: keys.sort() })
        })
      },
      delete: (key, onResult) => {
        this.#objects.delete(key)
        if (onResult === undefined) return
        after('storage-delete', 0, () => {
          onResult({ type: 'ok', value: null })
        })
      },
    }
  }

  /** Everything that lies there now, by key. */
  get objects(): ReadonlyMap<StorageKey, Uint8Array> {
    return this.#objects
  }

  /** Ground truth for the oracle: the object as it lies there now. */
  peek(key: StorageKey): Uint8Array | undefined {
    return this.#objects.get(key)
  }
}
