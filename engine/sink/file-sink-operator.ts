/**
 * The file sink: lines go to hidden files, which get their names when the checkpoint behind them completed. A hidden file
 * that no checkpoint names is left over from a crash and no part of the result. Names hold the attempt and a token drawn
 * for it, so that no two attempts, of other runs neither, write the same file. Source: Flink FileSink with OnCheckpointRollingPolicy.
 */
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import { UserFunctionError } from '../errors.ts'
import type { CheckpointId } from '../ids.ts'
import type {
  Operator,
  OperatorContext,
  OperatorSnapshot,
  SnapshotContext,
} from '../operator/operator.ts'
import { text } from '../serializer.ts'
import { PendingCommits } from './pending-commits.ts'
import type { FileSinkSpec } from './sink-spec.ts'

/** Bytes that may wait to be written before the sink stops its input. */
const WRITING_BYTES_MAX = 8 << 20

/** A written file and the name it is to get. */
interface WrittenFile {
  readonly from: string
  readonly to: string
}

export class FileSinkOperator implements Operator {
  readonly uid: string
  readonly #spec: FileSinkSpec
  readonly #context: OperatorContext
  readonly #commits: PendingCommits<WrittenFile>
  readonly #prefix: string
  #lines: string[] = []
  #lineBytes = 0
  #writingBytes = 0
  #nextFile = 0
  /** Files since the last snapshot, written or being written. */
  #files: WrittenFile[] = []
  #holds: (() => void)[] = []
  #writing = 0

  constructor(spec: FileSinkSpec, context: OperatorContext) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    const token = context.runtime.random('file-sink', 0x7fff_ffff).toString(36)
    this.#prefix = `${token}-${context.subtaskIndex}-${context.attempt}`
    this.#commits = new PendingCommits((file, onCommitted) => {
      this.#rename(file, onCommitted)
    })
  }

  get isAvailable(): boolean {
    return this.#writingBytes < WRITING_BYTES_MAX
  }

  get hasUncommitted(): boolean {
    return this.#lines.length > 0 || this.#files.length > 0 || !this.#commits.isEmpty
  }

  open(restored: readonly OperatorStateEntry[], restoredFrom: CheckpointId | null): void {
    this.#commits.restore(restored, restoredFrom)
  }

  process(value: unknown): void {
    let line: string
    try {
      line = this.#spec.format(value)
    } catch (error) {
      throw new UserFunctionError(this.#context.name, error)
    }
    this.#lines.push(line)
    this.#lineBytes += line.length + 1
    if (this.#lineBytes >= this.#spec.rollBytes) this.#roll()
  }

  snapshot(context: SnapshotContext): OperatorSnapshot {
    this.#roll()
    for (const file of this.#files) this.#commits.add(context.checkpoint, file)
    this.#files = []
    if (this.#writing > 0) this.#holds.push(context.hold())
    const state = this.#commits.state()
    return () => state
  }

  notifyComplete(checkpoint: CheckpointId): void {
    this.#commits.complete(checkpoint)
  }

  /** Writes what has come since the last file. */
  #roll(): void {
    if (this.#lines.length === 0) return
    const bytes = text.encode(`${this.#lines.join('\n')}\n`)
    this.#lines = []
    this.#lineBytes = 0
    const { files } = this.#context
    const name = `part-${this.#prefix}-${this.#nextFile}`
    this.#nextFile += 1
    const { directory } = this.#spec
    const file = { from: `${directory}/.${name}.pending`, to: `${directory}/${name}` }
    this.#files.push(file)
    this.#writing += 1
    this.#writingBytes += bytes.length
    files.write(file.from, bytes, (result) => {
      if (result.type === 'failed') {
        this.#context.fail(`The file "${file.from}" cannot be written: ${result.reason}.`)
        return
      }
      this.#writing -= 1
      this.#writingBytes -= bytes.length
      if (this.#writing === 0) for (const release of this.#holds.splice(0)) release()
      this.#context.wake()
    })
  }

  #rename({ from, to }: WrittenFile, onCommitted: () => void): void {
    this.#context.files.rename(from, to, (result) => {
      if (result.type === 'failed') {
        this.#context.fail(`The file "${from}" cannot be renamed to "${to}": ${result.reason}.`)
        return
      }
      onCommitted()
      this.#context.wake()
    })
  }
}
