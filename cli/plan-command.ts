/** `weir plan JOB`: the job graph, which is vertices of chained operators and the edges between them. */
import { buildJobGraph, kindOf } from '../engine/job/job-graph.ts'
import type { JobEdge, JobGraph, JobVertex } from '../engine/job/job-graph.ts'
import { edgesInto } from '../engine/job/stream-graph.ts'
import type { StreamNode } from '../engine/job/stream-graph.ts'
import { PLAN_DEFAULTS } from '../sim/index.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { describeNode } from './operator-words.ts'
import { JOB_POSITIONAL, loadJob } from './job-module.ts'
import { RUN_OPTIONS } from './run-request.ts'
import { paint, print, printJson, printable, table } from './terminal.ts'

export const planCommand: Command = {
  name: 'plan',
  summary: 'prints the job graph: vertices, chained operators, parallelism, edges',
  positionals: [JOB_POSITIONAL],
  options: { parallelism: RUN_OPTIONS.parallelism },
  examples: ['weir plan traffic-statistics', 'weir plan job.ts --parallelism 4 --json'],
  run: runPlanCommand,
}

async function runPlanCommand(args: Arguments): Promise<number> {
  const { job } = await loadJob(args.positionals[0] ?? '')
  const parallelism =
    args.integer('parallelism', 1, 32_768) ?? job.options.parallelism ?? PLAN_DEFAULTS.parallelism
  const graph = buildJobGraph(job, { parallelism })
  if (args.flag('json')) printJson(graphJson(graph))
  else print(graphText(graph).join('\n'))
  return 0
}

function graphJson({ name, settings, runtimeMode, vertices }: JobGraph): object {
  return {
    job: name,
    parallelism: settings.parallelism,
    maxParallelism: settings.maxParallelism,
    runtimeMode,
    checkpointIntervalMs: settings.checkpointing?.intervalMs ?? null,
    vertices: vertices.map((vertex) => ({
      id: vertex.id,
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism,
      operators: vertex.nodes.map((node) => {
        const { uid, name: operator } = node
        const edge = edgesInto(node)[0]
        const from = vertex.nodes.find(({ id }) => id === edge?.from)?.uid ?? null
        return {
          uid,
          name: operator,
          kind: kindOf(node),
          description: describeNode(node),
          input: from,
          tag: edge?.tag ?? null,
        }
      }),
    })),
    edges: vertices.flatMap((vertex) =>
      vertex.outputs.map(({ producer, consumer, input, partitioning, tag, fromNode }) => ({
        from: producer,
        operator: vertex.nodes.find(({ id }) => id === fromNode)?.uid ?? producer,
        to: consumer,
        input,
        partitioning: partitioning.type,
        tag,
      })),
    ),
  }
}

function graphText({ name, settings, runtimeMode, vertices }: JobGraph): string[] {
  const { checkpointing, maxParallelism } = settings
  const head = [
    paint('bold', printable(name)),
    runtimeMode,
    checkpointing === null || runtimeMode === 'batch'
      ? 'no periodic checkpoints'
      : `checkpoint every ${checkpointing.intervalMs} ms`,
    `max parallelism ${maxParallelism}`,
  ]
  return [
    head.join('  ·  '),
    ...vertices.flatMap((vertex, i) => ['', ...vertexText(vertex, i + 1, vertices)]),
  ]
}

function vertexText(vertex: JobVertex, number: number, vertices: readonly JobVertex[]): string[] {
  const rows = vertex.nodes.map((node) => {
    const indent = '  '.repeat(2 + depthOf(node, vertex))
    const side = edgesInto(node)[0]?.tag ?? null
    const tag = side === null ? '' : `(side output ${side}) `
    return [`${indent}${printable(node.name)}`, `${tag}${describeNode(node)}`]
  })
  const edges = vertex.outputs.map((edge) => edgeText(edge, vertices))
  return [
    `  ${paint('bold', `vertex ${number}`)}  parallelism ${vertex.parallelism}`,
    ...table(rows),
    ...edges.map((edge) => paint('cyan', `    ${edge}`)),
  ]
}

function edgeText(
  { partitioning, tag, consumer, input }: JobEdge,
  vertices: readonly JobVertex[],
): string {
  const number = vertices.findIndex(({ id }) => id === consumer) + 1
  const how = partitioning.type === 'hash' ? 'hash of the key' : partitioning.type
  const side = tag === null ? '' : `, side output ${tag}`
  return `── ${how}${side} ──▶ vertex ${number}${input === 0 ? '' : ', second input'}`
}

/** How many operators of its chain stand before it. */
function depthOf(node: StreamNode, vertex: JobVertex): number {
  const input = vertex.nodes.find(({ id }) => id === edgesInto(node)[0]?.from)
  return input === undefined ? 0 : 1 + depthOf(input, vertex)
}
