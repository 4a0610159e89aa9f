/**
 * Ids and units of the engine. Branded so that a checkpoint id is never passed for an attempt; made only here.
 * Every id reads well in a sentence, because traces, errors and the event log print it.
 */

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** A point in time or a span in milliseconds; the simulator's have up to three decimals. Epoch 0 in simulation. */
export type Millis = Brand<number, 'Millis'>
/** Number of a checkpoint: from 1, strictly increasing, never used twice (F-I1). */
export type CheckpointId = Brand<number, 'CheckpointId'>
/** Number of a deployment of a subtask: every (re)deployment gets a new one, so that old messages are recognized. */
export type AttemptId = Brand<number, 'AttemptId'>
/** Name of a vertex of the job graph: the uids of its chained operators, joined. */
export type VertexId = Brand<string, 'VertexId'>
/** `vertex/index`: the index-th parallel instance of a vertex. */
export type SubtaskId = Brand<string, 'SubtaskId'>
/** Name of a worker process, `worker-1`. */
export type WorkerId = Brand<string, 'WorkerId'>
/** `producer>consumer`: one FIFO edge between two subtasks. */
export type ChannelId = Brand<string, 'ChannelId'>
/** The actors of a job: the job master or a worker. */
export type ActorId = WorkerId | typeof JOB_MASTER
/** Anything that receives messages: an actor, or whoever asks something of the job from outside. */
export type ReceiverId = ActorId | typeof CLIENT

export const JOB_MASTER = 'job-master'
export const CLIENT = 'client'

export const millis = (value: number): Millis => value as Millis
export const checkpointId = (value: number): CheckpointId => value as CheckpointId
export const attemptId = (value: number): AttemptId => value as AttemptId
export const vertexId = (name: string): VertexId => name as VertexId
export const subtaskId = (vertex: VertexId, index: number): SubtaskId =>
  `${vertex}/${index}` as SubtaskId
export const workerId = (name: string): WorkerId => name as WorkerId
/** `edge` tells apart several edges between the same two subtasks (a vertex that consumes one stream twice). */
export const channelId = (producer: SubtaskId, consumer: SubtaskId, edge: number): ChannelId =>
  `${producer}>${consumer}${edge === 0 ? '' : `#${edge}`}` as ChannelId
