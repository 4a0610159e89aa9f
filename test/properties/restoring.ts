/** Restores a whole job's state from a storage, with the engine's own code, as far as it stands without a running job. */
import { createHash } from 'node:crypto'
import { present } from '../../engine/assert.ts'
import { decodeMetadata } from '../../engine/checkpoint/checkpoint-metadata.ts'
import { attemptId, subtaskId } from '../../engine/ids.ts'
import type { Job } from '../../engine/job/define-job.ts'
import { buildJobGraph } from '../../engine/job/job-graph.ts'
import type { JobGraph, JobVertex } from '../../engine/job/job-graph.ts'
import { Mutants, type AnyMutant } from '../../engine/mutants.ts'
import { assignState } from '../../engine/recovery/state-assignment.ts'
import type { StoragePort, StorageResult } from '../../engine/runtime.ts'
import { binary } from '../../engine/serializer.ts'
import type { SubtaskEnvironment } from '../../engine/task/subtask-environment.ts'
import { createStateBackend } from '../../engine/task/create-keyed-state.ts'
import { restoreKeyedState } from '../../engine/task/subtask-state.ts'
import { FakeRuntime } from '../engine/fake-runtime.ts'
import { NO_BROKER, NO_FILES, NO_SERVICES } from '../engine/operator-context.ts'

/** Objects that lie still; answers come when `drain` is called. */
export class StillStorage implements StoragePort {
  readonly objects: Map<string, Uint8Array>
  readonly #answers: (() => void)[] = []

  constructor(objects: ReadonlyMap<string, Uint8Array>) {
    this.objects = new Map(objects)
  }

  get(key: string, onResult: (result: StorageResult<Uint8Array>) => void): void {
    const value = this.objects.get(key)
    this.#answers.push(() =>
      onResult(
        value === undefined
          ? { type: 'failed', reason: 'there is no such object' }
          : { type: 'ok', value },
      ),
    )
  }

  list(prefix: string, onResult: (result: StorageResult<readonly string[]>) => void): void {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort()
    this.#answers.push(() => onResult({ type: 'ok', value: keys }))
  }

  put(): void {
    throw new Error('A restore writes nothing.')
  }

  delete(): void {
    throw new Error('A restore deletes nothing.')
  }

  drain(): void {
    for (let answer = this.#answers.shift(); answer !== undefined; answer = this.#answers.shift()) {
      answer()
    }
  }
}

export interface Restored {
  readonly type: 'restored'
  /** Subtasks with keyed state. */
  readonly subtasks: number
  /** Of the metadata and of everything that the subtasks keep: equal if the states are. */
  readonly digest: string
}

export interface Refused {
  readonly type: 'refused'
  readonly reason: string
}

/** Never throws for what lies in the storage: that would be a defect. */
export function restoreJob(job: Job, parallelism: number, mutant: AnyMutant | null = null) {
  const graph = buildJobGraph(job, { parallelism })
  return (storage: StillStorage, location: string): Restored | Refused => {
    let found: StorageResult<Uint8Array> | null = null
    storage.get(location, (result) => {
      found = result
    })
    storage.drain()
    const result = present<StorageResult<Uint8Array>>(found, 'The storage did not answer.')
    if (result.type === 'failed') return refused(`The metadata cannot be read: ${result.reason}.`)
    const metadata = decodeMetadata(result.value, location)
    if (typeof metadata === 'string') return refused(`The metadata is corrupt: ${metadata}.`)
    const digest = createHash('sha256').update(binary.encode(metadata))
    let subtasks = 0
    for (const vertex of graph.vertices) {
      for (let index = 0; index < vertex.parallelism; index += 1) {
        const restore = assignState(metadata, vertex, index)
        if (restore.keyed.length === 0) continue
        const state = restoreSubtask({ graph, vertex, index, restore, storage, mutant })
        if (typeof state === 'string') return refused(state)
        subtasks += 1
        for (const bytes of state) digest.update(bytes)
      }
    }
    return { type: 'restored', subtasks, digest: digest.digest('hex') }
  }
}

function refused(reason: string): Refused {
  return { type: 'refused', reason }
}

function restoreSubtask(subtask: {
  readonly graph: JobGraph
  readonly vertex: JobVertex
  readonly index: number
  readonly restore: ReturnType<typeof assignState>
  readonly storage: StillStorage
  readonly mutant: AnyMutant | null
}): readonly Uint8Array[] | string {
  const { graph, vertex, index, restore, storage, mutant } = subtask
  const runtime = new FakeRuntime()
  const env: SubtaskEnvironment = {
    graph,
    vertex,
    storage,
    runtime,
    mutants: new Mutants(mutant),
    broker: NO_BROKER,
    services: NO_SERVICES,
    files: NO_FILES,
    isStrict: false,
    deployment: {
      subtask: subtaskId(vertex.id, index),
      vertex: vertex.id,
      index,
      restore,
      attempt: attemptId(1),
      inputs: [],
      outputs: [],
    },
    provenance: { isOn: false, current: null },
    report: () => undefined,
  }
  const state = createStateBackend(env)
  let answer: string | null | undefined
  restoreKeyedState(env, { backend: state, changelog: null }, (failure) => {
    answer = failure
  })
  storage.drain()
  runtime.advance()
  if (answer === undefined) throw new Error(`The restore of ${vertex.id} hangs.`)
  if (answer !== null) return answer
  return Array.from(state.snapshot().keyGroups(), ({ bytes }) => bytes)
}
