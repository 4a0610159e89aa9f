/** Makes the running reader of a source. */
import type { StreamNode } from '../job/stream-graph.ts'
import type { OperatorContext } from '../operator/operator.ts'
import { CustomSourceReader } from './custom-source-reader.ts'
import { FileSourceReader } from './file-source-reader.ts'
import { HybridSourceReader, LastTimestamp } from './hybrid-source-reader.ts'
import { IndexedSourceReader } from './indexed-source-reader.ts'
import { KafkaSourceReader } from './kafka-source-reader.ts'
import { SourceOutput } from './source-output.ts'
import type { SourceReader } from './source-reader.ts'
import type { PlainSourceSpec, SourceSpec } from './source-spec.ts'
import { TimedSourceReader } from './timed-source-reader.ts'

/** A source with the strategy of its watermarks. */
export type SourceWork = Extract<StreamNode['work'], { type: 'source' }>

export function createSource(
  { source, watermarks: strategy }: SourceWork,
  context: OperatorContext,
): SourceReader {
  const [reader, output] = createOutermost(source, strategy, context)
  const { watermarks } = output
  if (watermarks === null) return reader
  return new TimedSourceReader(reader, output, watermarks, strategy?.alignment ?? null, context)
}

function createOutermost(
  spec: SourceSpec,
  strategy: SourceWork['watermarks'],
  context: OperatorContext,
): readonly [SourceReader, SourceOutput] {
  if (spec.type !== 'hybrid') {
    const output = new SourceOutput(strategy, context)
    return [createReader(spec, context, output), output]
  }
  const timestamps = new LastTimestamp(context.output(null))
  const output = new SourceOutput(strategy, context, timestamps)
  const create = (one: PlainSourceSpec): SourceReader => createReader(one, context, output)
  return [new HybridSourceReader(spec, context, timestamps, create), output]
}

function createReader(
  spec: PlainSourceSpec,
  context: OperatorContext,
  output: SourceOutput,
): SourceReader {
  switch (spec.type) {
    case 'kafka':
      return new KafkaSourceReader(spec, context, output)
    case 'generator':
    case 'collection':
      return new IndexedSourceReader(spec, context, output)
    case 'file':
      return new FileSourceReader(spec, context, output)
    case 'custom':
      return new CustomSourceReader(spec.source, context, output)
  }
}
