/**
 * Weir's public API for job files: `import { defineJob, kafkaSource, … } from 'weirstream'`. A job is a description;
 * worlds run it (`weirstream/sim` simulates it, the `weir` command runs it). Everything not named here is internal.
 */
export { ConfigurationError, UserFunctionError } from './errors.ts'
export { defineJob } from './job/define-job.ts'
export type { Job } from './job/define-job.ts'
export type {
  DataStream,
  KeyedStream,
  NumericField,
  OperatorOptions,
  StreamEnvironment,
} from './job/data-stream.ts'
export type {
  CheckpointingOptions,
  HeartbeatOptions,
  JobOptions,
  RestartOptions,
} from './job/job-options.ts'
export type { KafkaHeader } from './kafka/protocol.ts'
export { outputTag } from './operator/functions.ts'
export type { KeyedProcessContext, OutputTag, ProcessContext } from './operator/functions.ts'
export { binary, json, number, text } from './serializer.ts'
export type { Serializer } from './serializer.ts'
export type { KafkaSinkOptions, Sink } from './sink/sink-spec.ts'
export { discardSink, kafkaSink } from './sink/sinks.ts'
export type { KafkaRecord, KafkaSourceOptions, Source } from './source/source-spec.ts'
export { generatorSource, kafkaSource } from './source/sources.ts'
export { valueState } from './state/descriptors.ts'
export type { ValueStateDescriptor } from './state/descriptors.ts'
export type { ValueState } from './state/keyed-state-backend.ts'
