/**
 * Merges the watermarks and the idleness of the channels of one input. The output is the minimum over the channels
 * that are active and aligned, and never goes back. A channel that was idle is aligned again when it has caught up with
 * the output, so that it does not hold back what went on without it.
 * Source: Flink StatusWatermarkValve; but a channel that ended holds nothing back and moves nothing on.
 */
import { assert } from '../assert.ts'
import { MAX_WATERMARK, MIN_WATERMARK } from '../element.ts'
import type { Watermark, WatermarkStatus } from '../element.ts'
import { Mutants } from '../mutants.ts'

/** What goes on, in this order. */
export type ValveOutput = readonly (Watermark | WatermarkStatus)[]

interface ChannelStatus {
  watermark: number
  isIdle: boolean
  isAligned: boolean
  isFinished: boolean
}

const NOTHING: ValveOutput = []

export class WatermarkValve {
  readonly #channels: readonly ChannelStatus[]
  readonly #mutants: Mutants
  #watermark = MIN_WATERMARK
  #isIdle = false

  constructor(channels: number, mutants = new Mutants()) {
    this.#mutants = mutants
    this.#channels = Array.from({ length: channels }, () => ({
      watermark: MIN_WATERMARK,
      isIdle: false,
      isAligned: true,
      isFinished: false,
    }))
  }

  /** All channels ended. */
  get isFinished(): boolean {
    return this.#channels.every(({ isFinished }) => isFinished)
  }

  /** A watermark came on a channel. That of an idle channel does not count, nor one that does not advance it. */
  watermark(index: number, watermark: number): ValveOutput {
    const channel = this.#channel(index)
    if (channel.isIdle || channel.isFinished || watermark <= channel.watermark) return NOTHING
    channel.watermark = watermark
    if (watermark >= this.#watermark) channel.isAligned = true
    return this.#advance(this.#alignedMinimum())
  }

  /** A channel says that it is idle, or active again. */
  status(index: number, isIdle: boolean): ValveOutput {
    const channel = this.#channel(index)
    if (channel.isFinished || channel.isIdle === isIdle) return NOTHING
    if (isIdle && this.#mutants.active('idle-channel-holds-back')) return NOTHING
    channel.isIdle = isIdle
    if (isIdle) {
      channel.isAligned = false
      return this.#afterLoss(channel)
    }
    if (this.#mutants.active('returning-channel-sets-back')) this.#watermark = channel.watermark
    channel.isAligned = channel.watermark >= this.#watermark
    return this.#changeStatus(false)
  }

  /** The input of a channel ended. With the last one event time is over: MAX_WATERMARK goes on. */
  finish(index: number): ValveOutput {
    const channel = this.#channel(index)
    if (channel.isFinished) return NOTHING
    const wasActive = !channel.isIdle
    channel.isFinished = true
    channel.isAligned = false
    if (this.isFinished) {
      return [...this.#changeStatus(false), ...this.#advance(MAX_WATERMARK)]
    }
    return wasActive ? this.#afterLoss(channel) : NOTHING
  }

  /** A channel was active and is not any more. */
  #afterLoss({ watermark }: ChannelStatus): ValveOutput {
    const mayAdvance = watermark === this.#watermark
    if (this.#channels.some((channel) => isLive(channel) && !channel.isIdle)) {
      return mayAdvance ? this.#advance(this.#alignedMinimum()) : NOTHING
    }
    // Nobody is left to wait for: what the channels have reached so far goes on, then that they are idle.
    const flushed = mayAdvance ? this.#advance(this.#maximum()) : NOTHING
    return [...flushed, ...this.#changeStatus(true)]
  }

  #alignedMinimum(): number {
    let minimum = MAX_WATERMARK
    let hasAligned = false
    for (const { isAligned, watermark } of this.#channels) {
      if (!isAligned) continue
      hasAligned = true
      if (watermark < minimum) minimum = watermark
    }
    return hasAligned ? minimum : MIN_WATERMARK
  }

  #maximum(): number {
    let maximum = MIN_WATERMARK
    for (const channel of this.#channels) {
      if (isLive(channel) && channel.watermark > maximum) maximum = channel.watermark
    }
    return maximum
  }

  #advance(watermark: number): ValveOutput {
    if (watermark <= this.#watermark) return NOTHING
    this.#watermark = watermark
    return [{ type: 'watermark', timestamp: watermark }]
  }

  #changeStatus(isIdle: boolean): ValveOutput {
    if (this.#isIdle === isIdle) return NOTHING
    this.#isIdle = isIdle
    return [{ type: 'watermark-status', isIdle }]
  }

  #channel(index: number): ChannelStatus {
    const channel = this.#channels[index]
    assert(channel !== undefined, `The valve has no channel ${index}.`)
    return channel
  }
}

function isLive({ isFinished }: ChannelStatus): boolean {
  return !isFinished
}
