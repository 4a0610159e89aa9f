/**
 * The topics of changelogs in Kafka: one for each vertex with keyed state, with a partition for each subtask. They are not
 * created here: whoever runs the job does, compacted, with at least as many partitions as subtasks.
 */
import { ConfigurationError } from '../errors.ts'
import type { JobGraph, JobVertex } from '../job/job-graph.ts'
import { isKeyed } from '../job/stream-graph.ts'

export interface ChangelogTopic {
  readonly topic: string
  readonly parallelism: number
}

/** Empty without a changelog in Kafka. Throws a ConfigurationError if two operators would share a topic. */
export function changelogTopics({ settings, vertices }: JobGraph): readonly ChangelogTopic[] {
  const log = settings.state.changelog?.log
  if (log?.type !== 'kafka') return []
  const topics = vertices.flatMap((vertex) => {
    const [head] = vertex.nodes
    if (head === undefined || !isKeyed(head)) return []
    return [{ topic: changelogTopic(log.topic, vertex), parallelism: vertex.parallelism }]
  })
  const twice = topics.find(({ topic }, index) => {
    return topics.findIndex((other) => other.topic === topic) < index
  })
  if (twice === undefined) return topics
  throw new ConfigurationError(
    'changelog-topic-shared',
    `The changelogs of two operators would be in one topic, ${twice.topic}: ` +
      'give them uids that differ in letters, digits, dots, dashes or underscores.',
  )
}

/** For a world without Kafka. Throws a ConfigurationError; to be called before anything starts. */
export function refuseChangelogTopics(graph: JobGraph): void {
  if (changelogTopics(graph).length === 0) return
  throw new ConfigurationError(
    'no-kafka-for-changelog',
    'The changelog is to be in Kafka, which this world does not have: ' +
      'use state: { changelog: { log: { type: "storage" } } } here.',
  )
}

/** Of the vertex: the name that the job gives, a dash, and the uid of its head. */
export function changelogTopic(name: string, { id, nodes }: JobVertex): string {
  return `${name}-${(nodes[0]?.uid ?? id).replaceAll(/[^\w.-]+/g, '-')}`
}
