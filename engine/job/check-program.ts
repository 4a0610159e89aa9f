/**
 * Programs that cannot work are refused before they start, with one sentence that names the operator. What one call of
 * the DataStream API can see, it refuses itself; here is what takes the whole graph.
 */
import { ConfigurationError } from '../errors.ts'
import type { RuntimeMode } from '../operator/operator.ts'
import { commitsOnCheckpoint, transactionalPrefix } from '../sink/sink-spec.ts'
import { emitsWatermarks, isBounded } from '../source/source-spec.ts'
import type { Job } from './define-job.ts'
import type { JobGraph } from './job-graph.ts'
import { edgesInto } from './stream-graph.ts'
import type { StreamGraph, StreamNode } from './stream-graph.ts'

export function checkProgram({ name, graph }: Job, runtimeMode: RuntimeMode): void {
  for (const node of graph.nodes) checkOrder(node, graph)
  checkTransactionalIds(name, graph)
  if (runtimeMode === 'batch') return
  const timed = timedNodes(graph)
  for (const node of graph.nodes) {
    if (isEventTime(node) && !timed.has(node.id)) throw noEventTime(node)
  }
}

/** For a run: a sink that commits on checkpoints shows nothing of an endless input without them. */
export function checkCommits({ name, settings, vertices }: JobGraph): void {
  if (settings.checkpointing !== null) return
  const nodes = vertices.flatMap((vertex) => vertex.nodes)
  const endless = nodes.find(({ work }) => work.type === 'source' && !isBounded(work.source))
  const sink = nodes.find(
    ({ work }) =>
      work.type === 'operator' &&
      work.operator.type === 'sink' &&
      commitsOnCheckpoint(work.operator.sink),
  )
  if (endless === undefined || sink === undefined) return
  throw new ConfigurationError(
    'nothing-commits',
    `The sink "${sink.uid}" of the job "${name}" commits when a checkpoint completes, but there are none and the source ` +
      `"${endless.uid}" has no end; give the job checkpointing, as in { checkpointing: { intervalMs: 1000 } }.`,
  )
}

/** An operator reads only what stands before it: a stream that feeds itself has no beginning. */
function checkOrder(node: StreamNode, { nodes }: StreamGraph): void {
  for (const { from } of edgesInto(node)) {
    if (from < node.id && nodes[from]?.id === from) continue
    throw new ConfigurationError(
      'cyclic-graph',
      `The operator "${node.uid}" reads ${nodes[from] === undefined ? 'a stream of another job' : `"${nodes[from].uid}", which reads "${node.uid}" itself or stands behind it`}; ` +
        'streams must not form a cycle, so unite or connect only streams that were made before.',
    )
  }
}

/** Two sinks with the same transactional ids would fence each other, for ever (FLINK-9295). */
function checkTransactionalIds(job: string, { nodes }: StreamGraph): void {
  const owners = new Map<string, string>()
  for (const { uid, work } of nodes) {
    if (work.type === 'source' || work.operator.type !== 'sink') continue
    const { sink } = work.operator
    if (sink.type !== 'kafka' || sink.delivery !== 'exactly-once') continue
    const prefix = transactionalPrefix(sink, job, uid)
    const owner = owners.get(prefix)
    if (owner !== undefined) throw sharedTransactionalIds(owner, uid, prefix)
    owners.set(prefix, uid)
  }
}

function sharedTransactionalIds(owner: string, uid: string, prefix: string): ConfigurationError {
  return new ConfigurationError(
    'shared-transactional-ids',
    `The sinks "${owner}" and "${uid}" have the same prefix of transactional ids, "${prefix}", and would fence each ` +
      'other; give each its own transactionalIdPrefix.',
  )
}

/** Nodes whose records are followed by watermarks: those behind sources or operators that all make them. */
function timedNodes({ nodes }: StreamGraph): ReadonlySet<number> {
  const timed = new Set<number>()
  for (const node of nodes) {
    const { work } = node
    const makes =
      work.type === 'source'
        ? work.watermarks !== null || emitsWatermarks(work.source)
        : work.operator.type === 'assign-watermarks'
    const edges = edgesInto(node)
    const inherits = edges.length > 0 && edges.every(({ from }) => timed.has(from))
    if (makes || inherits) timed.add(node.id)
  }
  return timed
}

function isEventTime({ work }: StreamNode): boolean {
  if (work.type === 'source') return false
  const { operator } = work
  switch (operator.type) {
    case 'window': {
      const { assigner } = operator.window
      return assigner.type !== 'global' && assigner.time === 'event'
    }
    case 'interval-join':
      return true
    case 'cep':
      return operator.cep.time === 'event'
    default:
      return false
  }
}

function noEventTime({ uid }: StreamNode): ConfigurationError {
  return new ConfigurationError(
    'no-event-time',
    `The operator "${uid}" works in event time, but no watermarks reach it, so it would wait for ever; give every source ` +
      'in front of it a strategy, as in fromSource(source, { watermarks: forBoundedOutOfOrderness(5000) }), or use processing time.',
  )
}
