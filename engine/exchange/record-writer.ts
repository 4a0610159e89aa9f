/**
 * The end of a chain: writes records to the channels of one output edge, through its partitioner.
 * Knows nothing of operators; is available as long as every channel is.
 */
import type { ControlElement, Origins } from '../element.ts'
import type { OutputChannel } from './output-channel.ts'
import { EVERY_CHANNEL } from './partitioner.ts'
import type { Partitioner } from './partitioner.ts'

export class RecordWriter {
  readonly channels: readonly OutputChannel[]
  /** Barriers may overtake the records of this edge. */
  readonly mayOvertake: boolean
  readonly #partitioner: Partitioner

  constructor(
    partitioner: Partitioner,
    channels: readonly OutputChannel[],
    mayOvertake: boolean = false,
  ) {
    this.#partitioner = partitioner
    this.channels = channels
    this.mayOvertake = mayOvertake
  }

  get isAvailable(): boolean {
    for (const channel of this.channels) if (!channel.isAvailable) return false
    return true
  }

  write(value: unknown, timestamp: number, origins: Origins | null): void {
    const partitioner = this.#partitioner
    const index = partitioner.select(value)
    if (index === EVERY_CHANNEL) {
      for (const each of this.channels) each.add(value, timestamp, 0, origins)
      return
    }
    const channel = this.channels[index]
    if (channel === undefined) throw new RangeError(`No channel ${index} on this edge.`)
    channel.add(value, timestamp, partitioner.hash, origins)
  }

  broadcast(element: ControlElement): void {
    for (const channel of this.channels) channel.addControl(element)
  }

  flush(): void {
    for (const channel of this.channels) channel.flush()
  }
}
