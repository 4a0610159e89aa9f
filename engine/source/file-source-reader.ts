/**
 * Reads the lines of files: one split per file, the position behind the last line in the checkpoint. A subtask reads the
 * files whose place in the list is its own modulo the parallelism, one after the other.
 * Source: Flink FileSource with TextLineInputFormat.
 */
import { BUFFER_RECORDS_MAX, NO_TIMESTAMP } from '../element.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { OperatorContext, OperatorSnapshot } from '../operator/operator.ts'
import { binary, text } from '../serializer.ts'
import type { SourceOutput, SplitOutput } from './source-output.ts'
import type { PollResult, SourceReader } from './source-reader.ts'
import type { FileSourceSpec } from './source-spec.ts'

const SPLITS = 'files'
const READ_BYTES = 1 << 16
const NEWLINE = 10
const RETURN = 13

/** A file with the number of bytes of it that were emitted. */
interface FileSplit {
  readonly path: string
  readonly offset: number
}

export class FileSourceReader implements SourceReader {
  readonly uid: string
  readonly #context: OperatorContext
  readonly #output: SourceOutput
  #splitOutput: SplitOutput | null = null
  #splits: FileSplit[]
  /** Bytes behind the position of the first split; `isEnd`: there are no more. */
  #buffer: Uint8Array = new Uint8Array(0)
  #isEnd = false
  #isReading = false

  constructor(spec: FileSourceSpec, context: OperatorContext, output: SourceOutput) {
    this.uid = context.uid
    this.#context = context
    this.#output = output
    const { subtaskIndex, parallelism } = context
    this.#splits = spec.paths
      .filter((_, index) => index % parallelism === subtaskIndex)
      .map((path) => ({ path, offset: 0 }))
  }

  open(restored: readonly OperatorStateEntry[]): void {
    for (const { name, items } of restored) {
      // Written by `snapshot` below.
      if (name === SPLITS) this.#splits = items.map((item) => binary.decode(item) as FileSplit)
    }
  }

  poll(mayEmit: () => boolean): PollResult {
    for (let emitted = 0; emitted < BUFFER_RECORDS_MAX;) {
      const [split] = this.#splits
      if (split === undefined) return emitted === 0 ? 'finished' : 'emitted'
      const output = (this.#splitOutput ??= this.#output.addSplit(split.path))
      if (output.isPaused) return emitted === 0 ? 'idle' : 'emitted'
      const end = this.#buffer.indexOf(NEWLINE)
      const isLast = end < 0 && this.#isEnd
      if (end < 0 && !isLast) {
        this.#read(split)
        return emitted === 0 ? 'idle' : 'emitted'
      }
      if (isLast && this.#buffer.length === 0) {
        this.#nextSplit()
        continue
      }
      if (!mayEmit()) return 'emitted'
      const line = isLast ? this.#buffer : this.#buffer.subarray(0, end)
      const taken = isLast ? this.#buffer.length : end + 1
      this.#splits[0] = { path: split.path, offset: split.offset + taken }
      this.#buffer = this.#buffer.subarray(taken)
      output.collector.emit(
        text.decode(line.at(-1) === RETURN ? line.subarray(0, -1) : line),
        NO_TIMESTAMP,
      )
      emitted += 1
    }
    return 'emitted'
  }

  snapshot(): OperatorSnapshot {
    const items = this.#splits.map((split) => binary.encode(split))
    return () => [{ name: SPLITS, redistribution: 'split', items }]
  }

  #nextSplit(): void {
    this.#splitOutput?.release()
    this.#splitOutput = null
    this.#splits.shift()
    this.#buffer = new Uint8Array(0)
    this.#isEnd = false
  }

  #read({ path, offset }: FileSplit): void {
    if (this.#isReading) return
    this.#isReading = true
    const { files } = this.#context
    files.read(path, offset + this.#buffer.length, READ_BYTES, (result) => {
      this.#isReading = false
      if (result.type === 'failed') {
        this.#context.fail(`The file "${path}" cannot be read: ${result.reason}.`)
        return
      }
      if (result.value.length === 0) this.#isEnd = true
      else this.#buffer = joined(this.#buffer, result.value)
      this.#context.wake()
    })
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
