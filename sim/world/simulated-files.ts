/**
 * Files of the simulated world: one file system for all processes, which survives every crash. A write or rename takes
 * effect when it ends, and only if its process lived that long. Reading has the latency of the snapshot storage.
 */
import type { FilePort } from '../../engine/runtime.ts'
import type { CostModel } from './cost-model.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

export class SimulatedFiles {
  readonly #world: World
  readonly #costs: CostModel
  readonly #files = new Map<string, Uint8Array>()

  constructor(world: World, costs: CostModel, files: ReadonlyMap<string, Uint8Array>) {
    this.#world = world
    this.#costs = costs
    for (const [path, bytes] of files) this.#files.set(path, bytes)
  }

  /** The port of one process. */
  portOf(process: SimulatedProcess): FilePort {
    const after = (label: string, bytes: number, action: () => void): void => {
      const { storageMicros, storageMicrosPerKilobyte } = this.#costs
      const micros = storageMicros + Math.ceil((bytes * storageMicrosPerKilobyte) / 1024)
      this.#world.after(micros / 1000, label, process.id, () => {
        if (process.isAlive) action()
      })
    }
    return {
      read: (path, offset, lengthMax, onResult) => {
        after('file-read', lengthMax, () => {
          const file = this.#files.get(path)
          onResult(
            file === undefined
              ? { type: 'failed', reason: 'there is no such file' }
              : { type: 'ok', value: file.slice(offset, offset + lengthMax) },
          )
        })
      },
      write: (path, bytes, onResult) => {
        const copy = bytes.slice()
        after('file-write', copy.length, () => {
          this.#files.set(path, copy)
          onResult({ type: 'ok', value: null })
        })
      },
      rename: (from, to, onResult) => {
        after('file-rename', 0, () => {
          const file = this.#files.get(from)
          if (file !== undefined) {
            this.#files.delete(from)
            this.#files.set(to, file)
          }
          onResult(
            this.#files.has(to)
              ? { type: 'ok', value: null }
              : { type: 'failed', reason: 'there is no such file' },
          )
        })
      },
      delete: (path) => {
        this.#files.delete(path)
      },
    }
  }

  /** Ground truth: what lies there now, by path in ascending order. */
  get contents(): readonly (readonly [path: string, bytes: Uint8Array])[] {
    return [...this.#files].sort(([left], [right]) => (left < right ? -1 : 1))
  }
}
