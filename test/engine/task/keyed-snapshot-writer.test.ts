// How long a snapshot's pages are lent: to the storage and to the worker's copies, until both have answered.

import { describe, expect, test } from 'vitest'
import { attemptId, checkpointId, subtaskId } from '../../../engine/ids.ts'
import { buildJobGraph } from '../../../engine/job/job-graph.ts'
import { Mutants } from '../../../engine/mutants.ts'
import type { StoragePort, WriteResult } from '../../../engine/runtime.ts'
import type { KeyedStateSnapshot } from '../../../engine/state/keyed-state-backend.ts'
import { KeyedSnapshotWriter } from '../../../engine/task/keyed-snapshot-writer.ts'
import { LocalCopies } from '../../../engine/task/local-copies.ts'
import { jobNamed } from '../../golden/jobs.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { NO_BROKER, NO_FILES, NO_SERVICES } from '../operator-context.ts'

const graph = buildJobGraph(jobNamed('traffic-statistics'), {})
const page = new Uint8Array([1, 2, 3])

/** A writer whose puts are answered by hand. */
class Writing {
  readonly storage = new Answers()
  readonly copies = new Answers()
  readonly results: string[] = []
  readonly writer: KeyedSnapshotWriter
  isReleased = false

  constructor(hasCopies: boolean) {
    const snapshot: KeyedStateSnapshot = {
      own: null,
      keyGroups: () => [{ keyGroup: 1, bytes: page.slice(), pieces: [page] }],
      release: () => {
        this.isReleased = true
      },
    }
    const [vertex] = graph.vertices
    if (vertex === undefined) throw new Error('The job has no vertex.')
    const env = {
      graph,
      vertex,
      copies: hasCopies ? new LocalCopies(this.copies.port, new Mutants()) : null,
      storage: this.storage.port,
      runtime: new FakeRuntime(),
      mutants: new Mutants(),
      broker: NO_BROKER,
      services: NO_SERVICES,
      files: NO_FILES,
      isStrict: false,
      deployment: {
        subtask: subtaskId(vertex.id, 0),
        vertex: vertex.id,
        index: 0,
        restore: null,
        attempt: attemptId(1),
        inputs: [],
        outputs: [],
      },
      provenance: { isOn: false, current: null },
      report: () => undefined,
    }
    this.writer = new KeyedSnapshotWriter(env, checkpointId(1), snapshot)
    expect(this.writer.encode(1000)).toEqual({ bytes: page.length, isLast: true })
  }

  store(): this {
    this.writer.store(({ type }) => this.results.push(type))
    return this
  }
}

class Answers {
  readonly lent: Uint8Array[] = []
  readonly deleted: string[] = []
  #answer: ((result: WriteResult) => void) | null = null
  readonly port: StoragePort = {
    put: (_, pieces, onResult) => {
      this.lent.push(...pieces)
      this.#answer = onResult
    },
    get: () => undefined,
    list: () => undefined,
    delete: (key) => {
      this.deleted.push(key)
    },
  }

  answer(result: WriteResult): void {
    this.#answer?.(result)
  }
}

const OK: WriteResult = { type: 'ok', value: null }

describe('a snapshot', () => {
  test('gives its pages to the storage as they are, and is released with the answer', () => {
    const writing = new Writing(false).store()
    expect(writing.storage.lent.at(-1)).toBe(page)
    expect(writing.isReleased).toBe(false)
    writing.storage.answer(OK)
    expect(writing.isReleased).toBe(true)
    expect(writing.results).toEqual(['stored'])
  })

  test('with local copies is stored before, but released only behind the copy', () => {
    const writing = new Writing(true).store()
    writing.storage.answer(OK)
    expect(writing.results).toEqual(['stored'])
    expect(writing.copies.lent.at(-1)).toBe(page)
    expect(writing.isReleased).toBe(false)
    writing.copies.answer({ type: 'failed', reason: 'the disk is full' })
    expect(writing.isReleased).toBe(true)
  })

  test.each([OK, { type: 'failed', reason: 'the disk is full' }] as const)(
    'that is discarded on its way is released with the answer, whatever it is',
    (answer) => {
      const writing = new Writing(true).store()
      writing.writer.discard()
      expect(writing.isReleased).toBe(false)
      writing.storage.answer(answer)
      expect(writing.isReleased).toBe(true)
      expect(writing.results).toEqual([])
      expect(writing.copies.lent).toEqual([])
      expect(writing.storage.deleted).toHaveLength(answer.type === 'ok' ? 1 : 0)
    },
  )

  test('that cannot be stored is released with the answer', () => {
    const writing = new Writing(true).store()
    writing.storage.answer({ type: 'unknown', reason: 'silence' })
    expect(writing.isReleased).toBe(true)
    expect(writing.results).toEqual(['failed'])
  })

  test('that is discarded before it is stored is released at once', () => {
    const writing = new Writing(true)
    writing.writer.discard()
    expect(writing.isReleased).toBe(true)
  })
})
