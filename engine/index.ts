/**
 * Weir's public API for job files: `import { defineJob, kafkaSource, … } from 'weirstream'`. A job is a description;
 * worlds run it (`weirstream/sim` simulates it, the `weir` command runs it). Everything not named here is internal.
 */
export { ConfigurationError, UserFunctionError } from './errors.ts'
export { defineJob } from './job/define-job.ts'
export type { Job } from './job/define-job.ts'
export type { BroadcastStream } from './job/broadcast-stream.ts'
export type {
  BroadcastConnectedStream,
  ConnectedStreams,
  KeyedBroadcastConnectedStream,
  KeyedConnectedStreams,
} from './job/connected-streams.ts'
export type { DataStream } from './job/data-stream.ts'
export type { JoinedStreams, JoinOptions } from './job/joined-streams.ts'
export type {
  ComparableField,
  IntervalJoin,
  KeyedStream,
  NumericField,
  RollingOptions,
} from './job/keyed-stream.ts'
export type { OperatorOptions } from './job/operator-options.ts'
export type { PatternCall, PatternTimeoutCall } from './job/pattern-call.ts'
export type { SourceOptions, StreamEnvironment } from './job/stream-environment.ts'
export type { WindowedStream } from './job/windowed-stream.ts'
export type { CheckpointingOptions, HeartbeatOptions, JobOptions } from './job/job-options.ts'
export type {
  ExponentialDelay,
  FailureRate,
  FixedDelay,
  NoRestart,
  RestartOptions,
} from './job/restart-options.ts'
export type { KafkaHeader } from './kafka/protocol.ts'
export type { AsyncOptions, AsyncRetryOptions } from './async/async-spec.ts'
export { AfterMatchSkip, begin } from './cep/pattern.ts'
export type { Pattern } from './cep/pattern.ts'
export type { Condition, ConditionContext, WithinType } from './cep/pattern-spec.ts'
export type {
  MatchCollector,
  MatchContext,
  PatternMatch,
  PatternProcess,
  PatternSelect,
  PatternTimeout,
} from './cep/cep-spec.ts'
export type { IntervalJoinContext, IntervalJoinOptions } from './join/interval-join-spec.ts'
export type { BroadcastState, ReadOnlyBroadcastState } from './operator/broadcast-state.ts'
export { outputTag } from './operator/functions.ts'
export type {
  BroadcastContext,
  BroadcastProcessFunction,
  CoProcessFunction,
  KeyedBroadcastContext,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessContext,
  KeyedProcessFunction,
  KeyedStates,
  OnTimerContext,
  OutputTag,
  ProcessContext,
  ProcessFunction,
  ReadOnlyBroadcastStates,
  TimeDomain,
  Timers,
} from './operator/functions.ts'
export type {
  CheckpointedFunction,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  OperatorStates,
} from './operator/operator-states.ts'
export type { RuntimeMode } from './operator/operator.ts'
export { binary, json, jsonOf, number, text } from './serializer.ts'
export type { Serializer } from './serializer.ts'
export { CollectedResults } from './sink/collected-results.ts'
export type {
  Delivery,
  FileSinkOptions,
  KafkaSinkOptions,
  KafkaUpsertSinkOptions,
  Sink,
} from './sink/sink-spec.ts'
export {
  collectSink,
  discardSink,
  fileSink,
  kafkaSink,
  kafkaUpsertSink,
  printSink,
} from './sink/sinks.ts'
export type {
  CustomSource,
  CustomSourceContext,
  CustomSourceOutput,
  CustomSourceReader,
} from './source/custom-source.ts'
export type {
  KafkaOffsetReset,
  KafkaStartingOffsets,
  KafkaStoppingOffsets,
} from './source/kafka-offsets.ts'
export type {
  CollectionSourceOptions,
  GeneratorSourceOptions,
  HybridSourceOptions,
  KafkaRecord,
  KafkaSourceOptions,
  Source,
  SwitchAt,
  SwitchPoint,
} from './source/source-spec.ts'
export {
  collectionSource,
  customSource,
  fileSource,
  generatorSource,
  hybridSource,
  kafkaSource,
} from './source/sources.ts'
export {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from './state/descriptors.ts'
export type {
  AggregateFunction,
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  StateTtl,
  StateTtlCleanup,
  ValueStateDescriptor,
} from './state/descriptors.ts'
export type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from './state/keyed-state-backend.ts'
export {
  forBoundedOutOfOrderness,
  forGenerator,
  forMonotonousTimestamps,
  noWatermarks,
} from './time/watermark-strategy.ts'
export type {
  WatermarkGenerator,
  WatermarkOutput,
  WatermarkStrategy,
  WatermarkStrategyOptions,
} from './time/watermark-strategy.ts'
export * from './window/assigners.ts'
export * from './window/evictors.ts'
export * from './window/triggers.ts'
export type {
  Evictor,
  ProcessWindowContext,
  ProcessWindowFunction,
  ProcessWindowResultFunction,
  TimeWindow,
  Trigger,
  WindowAssigner,
  WindowOptions,
} from './window/window-spec.ts'
