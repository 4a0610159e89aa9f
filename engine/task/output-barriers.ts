/**
 * Sends the barriers of a subtask downstream: in line, or, on the edges that allow it, in front of everything, so that
 * what they overtake belongs to the snapshot. One that waits in line and becomes too old overtakes later (Flink
 * alignedBarrierTimeout).
 */
import { assert, present } from '../assert.ts'
import type { Barrier } from '../element.ts'
import { inLine, isTimeoutable, isUnaligned, patienceOf } from '../exchange/barrier-alignment.ts'
import type { OutputChannel } from '../exchange/output-channel.ts'
import type { CheckpointId } from '../ids.ts'
import type { Timer } from '../runtime.ts'
import type { ChannelCapture } from './channel-capture.ts'
import { outputNames } from './channel-names.ts'
import type { Outputs } from './outputs.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** Barriers that wait in line and may still overtake. */
interface Waiting {
  readonly capture: ChannelCapture
  readonly channels: readonly (() => void)[]
  readonly onLeft: () => void
  timer: Timer | null
  count: number
}

export class OutputBarriers {
  readonly #env: SubtaskEnvironment
  readonly #outputs: Outputs
  readonly #schedule: (delayMs: number, label: string, callback: () => void) => Timer
  readonly #names: ReturnType<typeof outputNames>
  #waiting: Waiting | null = null

  constructor(
    env: SubtaskEnvironment,
    outputs: Outputs,
    schedule: (delayMs: number, label: string, callback: () => void) => Timer,
  ) {
    this.#env = env
    this.#outputs = outputs
    this.#schedule = schedule
    this.#names = outputNames(env)
  }

  /** True: some of them wait, and what they may yet overtake belongs to the snapshot; then `onLeft` is called later. */
  send(barrier: Barrier, capture: ChannelCapture, onLeft: () => void): boolean {
    this.close()
    const { checkpoint } = barrier
    const waiting: OutputChannel[] = []
    this.#forEach((channel, add, mayOvertake) => {
      const own = mayOvertake ? barrier : inLine(barrier)
      if (isUnaligned(own)) {
        channel.addOvertaking(own, add(capture))
        return
      }
      channel.addControl(own)
      if (!isTimeoutable(own)) return
      const isWaiting = channel.awaitBarrier(checkpoint, () => {
        this.#left()
      })
      if (isWaiting) waiting.push(channel)
    })
    capture.tell('output')
    if (waiting.length === 0) return false
    this.#wait(barrier, capture, waiting, onLeft)
    return true
  }

  /** Nothing overtakes any more. */
  close(): void {
    const { timer } = this.#waiting ?? { timer: null }
    if (timer !== null) this.#env.runtime.cancel(timer)
    this.#waiting = null
  }

  #wait(
    barrier: Barrier,
    capture: ChannelCapture,
    channels: readonly OutputChannel[],
    onLeft: () => void,
  ): void {
    const { checkpoint } = barrier
    const overtaking: (() => void)[] = []
    this.#forEach((channel, add) => {
      if (!channels.includes(channel)) return
      overtaking.push(() => {
        channel.overtake(checkpoint, add(capture))
      })
    })
    const delayMs = patienceOf(barrier, this.#env.runtime.now())
    this.#waiting = { capture, channels: overtaking, onLeft, timer: null, count: channels.length }
    this.#waiting.timer = this.#schedule(delayMs, 'barrier-timeout', () => {
      this.#overtake(checkpoint)
    })
  }

  #overtake(checkpoint: CheckpointId): void {
    const waiting = present(this.#waiting, 'Barriers timed out of which none waits.')
    waiting.timer = null
    const { subtask } = this.#env.deployment
    this.#env.runtime.trace({ type: 'alignment-timed-out', checkpoint, subtask })
    for (const overtake of waiting.channels) overtake()
    waiting.capture.tell('output')
    // Where the consumer has not connected, the barrier is in front and leaves when it does.
    if (this.#waiting === waiting) this.#finish(waiting)
  }

  #left(): void {
    const waiting = this.#waiting
    if (waiting === null) return
    waiting.count -= 1
    assert(waiting.count >= 0, 'More barriers have left than waited.')
    if (waiting.count === 0 && waiting.timer !== null) this.#finish(waiting)
  }

  #finish({ onLeft }: Waiting): void {
    this.close()
    onLeft()
  }

  #forEach(
    visit: (
      channel: OutputChannel,
      add: (capture: ChannelCapture) => Parameters<OutputChannel['addOvertaking']>[1],
      mayOvertake: boolean,
    ) => void,
  ): void {
    for (const [edge, { channels, mayOvertake }] of this.#outputs.writers.entries()) {
      for (const [index, channel] of channels.entries()) {
        const name = present(this.#names[edge]?.[index], `Output ${edge}/${index} has no name.`)
        const add = (capture: ChannelCapture) => (buffer: Parameters<ChannelCapture['add']>[3]) => {
          capture.add('output', channel.peer.channel, name, buffer)
        }
        visit(channel, add, mayOvertake)
      }
    }
  }
}
