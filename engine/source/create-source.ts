/** Makes the running reader of a source. */
import { BUFFER_RECORDS_MAX, NO_TIMESTAMP } from '../element.ts'
import { UserFunctionError } from '../errors.ts'
import type { OperatorStateEntry } from '../checkpoint/snapshot-handle.ts'
import type { StreamNode } from '../job/stream-graph.ts'
import type { OperatorContext, OperatorSnapshot } from '../operator/operator.ts'
import { binary } from '../serializer.ts'
import { FileSourceReader } from './file-source-reader.ts'
import { KafkaSourceReader } from './kafka-source-reader.ts'
import { SourceOutput } from './source-output.ts'
import type { SplitOutput } from './source-output.ts'
import type { PollResult, SourceReader } from './source-reader.ts'
import type { GeneratorSourceSpec } from './source-spec.ts'

export function createSource(
  { source: spec, watermarks }: SourceWork,
  context: OperatorContext,
): SourceReader {
  const output = new SourceOutput(watermarks, context)
  switch (spec.type) {
    case 'kafka':
      return new KafkaSourceReader(spec, context, output)
    case 'generator':
      return new GeneratorSourceReader(spec, context, output)
    case 'file':
      return new FileSourceReader(spec, context, output)
  }
}

/** A source with the strategy of its watermarks. */
export type SourceWork = Extract<StreamNode['work'], { type: 'source' }>

const NEXT_INDEX = 'next-index'

class GeneratorSourceReader implements SourceReader {
  readonly uid: string
  readonly #spec: GeneratorSourceSpec
  readonly #context: OperatorContext
  readonly #source: SourceOutput
  readonly #output: SplitOutput
  #next: number

  constructor(spec: GeneratorSourceSpec, context: OperatorContext, output: SourceOutput) {
    this.uid = context.uid
    this.#spec = spec
    this.#context = context
    this.#source = output
    this.#output = output.addSplit(String(context.subtaskIndex))
    this.#next = context.subtaskIndex
  }

  open(restored: readonly OperatorStateEntry[]): void {
    this.#source.open()
    for (const { name, items } of restored) {
      const [item] = items
      if (name === NEXT_INDEX && item !== undefined) this.#next = Number(binary.decode(item))
    }
  }

  poll(mayEmit: () => boolean): PollResult {
    const { count, generate } = this.#spec
    const output = this.#output
    for (let emitted = 0; emitted < BUFFER_RECORDS_MAX; emitted++) {
      if (this.#next >= count) return emitted === 0 ? this.#finish() : 'emitted'
      if (output.isPaused) return emitted === 0 ? 'idle' : 'emitted'
      if (!mayEmit()) return 'emitted'
      let value: unknown
      try {
        value = generate(this.#next)
      } catch (error) {
        throw new UserFunctionError(this.#context.name, error)
      }
      this.#next += this.#context.parallelism
      output.emit(value, NO_TIMESTAMP)
    }
    return 'emitted'
  }

  #finish(): PollResult {
    this.#source.finish()
    return 'finished'
  }

  snapshot(): OperatorSnapshot {
    const items = [binary.encode(this.#next)]
    return () => [{ name: NEXT_INDEX, redistribution: 'split', items }]
  }
}
