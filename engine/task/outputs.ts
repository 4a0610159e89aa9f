/** The output edges of a subtask: one record writer each, and all channels by id. */
import { present } from '../assert.ts'
import type { ControlElement } from '../element.ts'
import { mayOvertake } from '../exchange/barrier-alignment.ts'
import { OutputChannel } from '../exchange/output-channel.ts'
import { createPartitioner } from '../exchange/partitioner.ts'
import { RecordWriter } from '../exchange/record-writer.ts'
import type { ChannelId } from '../ids.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

export interface Outputs {
  readonly writers: readonly RecordWriter[]
  channel(id: ChannelId): OutputChannel
  broadcast(element: ControlElement): void
  flush(): void
}

export function createOutputs(env: SubtaskEnvironment): Outputs {
  const { runtime, deployment, vertex, graph, provenance } = env
  const byId = new Map<ChannelId, OutputChannel>()
  const writers = vertex.outputs.map((edge) => {
    const peers = present(deployment.outputs[edge.index], `No channels for edge ${edge.index}.`)
    const isKeyed = edge.partitioning.type === 'hash'
    const channels = peers.map((peer) => {
      const channel = new OutputChannel(runtime, peer, isKeyed, provenance.isOn)
      byId.set(peer.channel, channel)
      return channel
    })
    const consumer = present(
      graph.vertices.find(({ id }) => id === edge.consumer),
      `No vertex ${edge.consumer}.`,
    )
    const partitioner = createPartitioner(edge.partitioning, {
      channels: channels.length,
      subtaskIndex: deployment.index,
      runtime,
      name: `${deployment.subtask}>${edge.consumer}`,
      maxParallelism: consumer.maxParallelism,
    })
    return new RecordWriter(partitioner, channels, mayOvertake(edge.partitioning))
  })
  return {
    writers,
    channel: (id) => present(byId.get(id), `${deployment.subtask} has no output channel ${id}.`),
    broadcast(element) {
      for (const writer of writers) writer.broadcast(element)
    },
    flush() {
      for (const writer of writers) writer.flush()
    },
  }
}
