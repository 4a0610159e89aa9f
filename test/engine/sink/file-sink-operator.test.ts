/** The file sink: hidden files get their names when their checkpoint completed. */
import { expect, test } from 'vitest'
import type { OperatorStateEntry } from '../../../engine/checkpoint/snapshot-handle.ts'
import { attemptId, checkpointId } from '../../../engine/ids.ts'
import type { FilePort, StorageResult } from '../../../engine/runtime.ts'
import { text } from '../../../engine/serializer.ts'
import { FileSinkOperator } from '../../../engine/sink/file-sink-operator.ts'
import { fileSink } from '../../../engine/sink/sinks.ts'
import { FakeRuntime } from '../fake-runtime.ts'
import { operatorContext, type TestContext } from '../operator-context.ts'
import { TakenSnapshot } from './taking-snapshots.ts'

class Disk implements FilePort {
  readonly runtime = new FakeRuntime()
  readonly files = new Map<string, string>()
  refusal: string | null = null

  read(): void {
    throw new Error('A sink reads nothing.')
  }

  write(path: string, bytes: Uint8Array, onResult: (result: StorageResult<null>) => void): void {
    this.#later(onResult, () => {
      this.files.set(path, text.decode(bytes))
    })
  }

  rename(from: string, to: string, onResult: (result: StorageResult<null>) => void): void {
    this.#later(onResult, () => {
      const content = this.files.get(from)
      if (content === undefined) return
      this.files.delete(from)
      this.files.set(to, content)
    })
  }

  delete(path: string): void {
    this.files.delete(path)
  }

  #later(onResult: (result: StorageResult<null>) => void, work: () => void): void {
    this.runtime.schedule(5, 'disk', () => {
      if (this.refusal !== null) return onResult({ type: 'failed', reason: this.refusal })
      work()
      onResult({ type: 'ok', value: null })
    })
  }

  /** Lines that are part of the result. */
  get visible(): string[] {
    const named = [...this.files].filter(([path]) => path.startsWith('out/part-'))
    return named.flatMap(([, content]) => content.trimEnd().split('\n'))
  }
}

function sinkTo(
  disk: Disk,
  attempt = 1,
  restored: readonly OperatorStateEntry[] = [],
  from: number | null = null,
  rollBytes = 1000,
): { sink: FileSinkOperator; context: TestContext } {
  const { spec } = fileSink<number>({ directory: 'out', format: (n) => `n=${n}`, rollBytes })
  if (spec.type !== 'file') throw new Error('A file sink is one.')
  const context = operatorContext({
    runtime: disk.runtime,
    files: disk,
    attempt: attemptId(attempt),
  })
  const sink = new FileSinkOperator(spec, context)
  sink.open(restored, from === null ? null : checkpointId(from))
  return { sink, context }
}

test('a snapshot waits for its files; they are named when the checkpoint completed', () => {
  const disk = new Disk()
  const { sink } = sinkTo(disk)
  sink.process(1)
  sink.process(2)
  const snapshot = new TakenSnapshot(sink, 1)
  expect(snapshot.isReady).toBe(false)
  disk.runtime.advance(5)
  expect([snapshot.isReady, disk.visible]).toEqual([true, []])
  sink.notifyComplete(checkpointId(1))
  disk.runtime.advance(5)
  expect([disk.visible, sink.hasUncommitted]).toEqual([['n=1', 'n=2'], false])
})

test('a file that has grown enough is closed, and still belongs to the next checkpoint', () => {
  const disk = new Disk()
  const { sink } = sinkTo(disk, 1, [], null, 8)
  for (const n of [1, 2, 3]) sink.process(n)
  disk.runtime.advance(5)
  expect(disk.files.size).toBe(1)
  new TakenSnapshot(sink, 1)
  disk.runtime.advance(5)
  expect(disk.files.size).toBe(2)
  sink.notifyComplete(checkpointId(1))
  disk.runtime.advance(5)
  expect(disk.visible).toEqual(['n=1', 'n=2', 'n=3'])
})

test('a restore names the files of its checkpoint; those after it stay hidden', () => {
  const disk = new Disk()
  const { sink } = sinkTo(disk)
  sink.process(1)
  const snapshot = new TakenSnapshot(sink, 1)
  disk.runtime.advance(5)
  sink.process(2)
  new TakenSnapshot(sink, 2)
  disk.runtime.advance(5)
  const { sink: second } = sinkTo(disk, 2, snapshot.state, 1)
  disk.runtime.advance(5)
  expect([disk.visible, second.hasUncommitted]).toEqual([['n=1'], false])
  second.process(2)
  new TakenSnapshot(second, 3)
  disk.runtime.advance(5)
  second.notifyComplete(checkpointId(3))
  disk.runtime.advance(5)
  expect(disk.visible).toEqual(['n=1', 'n=2'])
})

test('a disk that refuses fails the subtask with one sentence', () => {
  const disk = new Disk()
  const { sink, context } = sinkTo(disk)
  disk.refusal = 'no space left'
  sink.process(1)
  new TakenSnapshot(sink, 1)
  disk.runtime.advance(5)
  expect(context.failures).toEqual([
    'The file "out/.part-0-0-1-0.pending" cannot be written: no space left.',
  ])
})

test('a function that throws is named with its operator', () => {
  const { sink } = sinkTo(new Disk())
  const { spec } = fileSink<number>({
    directory: 'out',
    format: () => {
      throw new Error('no format')
    },
  })
  if (spec.type !== 'file') throw new Error('A file sink is one.')
  const broken = new FileSinkOperator(spec, operatorContext({ name: 'files' }))
  expect(() => {
    broken.process(1)
  }).toThrow('The function of operator "files" threw: Error: no format')
  expect(sink.isAvailable).toBe(true)
})
