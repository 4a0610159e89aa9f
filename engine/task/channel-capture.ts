/**
 * The records in flight that one snapshot takes along. They are encoded when they are captured, so that nothing that is
 * done to them afterwards, when they are processed, shows in the snapshot.
 */
import { encodeRecords } from '../checkpoint/channel-state-format.ts'
import type { ChannelEnd, ChannelName, EncodedPart } from '../checkpoint/channel-state-format.ts'
import type { RecordBuffer } from '../element.ts'
import type { ChannelId, CheckpointId } from '../ids.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

interface Captured {
  readonly channel: ChannelId
  readonly name: ChannelName
  readonly end: ChannelEnd
  readonly pieces: Uint8Array[]
  count: number
  isTold: boolean
}

export class ChannelCapture {
  readonly checkpoint: CheckpointId
  readonly #env: SubtaskEnvironment
  readonly #captured = new Map<string, Captured>()
  #bytes = 0

  constructor(env: SubtaskEnvironment, checkpoint: CheckpointId) {
    this.#env = env
    this.checkpoint = checkpoint
  }

  /** The records of the buffer from `from` on. */
  add(
    end: ChannelEnd,
    channel: ChannelId,
    name: ChannelName,
    buffer: RecordBuffer,
    from = 0,
  ): void {
    if (from >= buffer.values.length) return
    const bytes = encodeRecords(buffer, from)
    const key = `${end} ${channel}`
    const captured = this.#captured.get(key) ?? newCaptured(channel, name, end)
    this.#captured.set(key, captured)
    captured.pieces.push(bytes)
    captured.count += buffer.values.length - from
    this.#bytes += bytes.length
    this.#env.runtime.spend({ records: 0, bytes: bytes.length })
  }

  /** Nothing more comes at that end. */
  tell(end: ChannelEnd): void {
    const { runtime, deployment } = this.#env
    const { checkpoint } = this
    for (const captured of this.#captured.values()) {
      if (captured.end !== end || captured.isTold) continue
      captured.isTold = true
      const { channel, count } = captured
      const { subtask } = deployment
      runtime.trace({ type: 'channel-state-captured', checkpoint, subtask, channel, end, count })
    }
  }

  get bytes(): number {
    return this.#bytes
  }

  get parts(): readonly EncodedPart[] {
    return [...this.#captured.values()].map(({ name, end, pieces }) => ({ ...name, end, pieces }))
  }
}

function newCaptured(channel: ChannelId, name: ChannelName, end: ChannelEnd): Captured {
  return { channel, name, end, pieces: [], count: 0, isTold: false }
}
