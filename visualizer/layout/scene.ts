/**
 * What moves on the graph at one moment: dots for records, bars for barriers. Positions are computed from sim time
 * (sent → received), never animated, so any moment can be shown alone. Pure; the painter is views/graph.ts.
 */
import type { Recording } from '../model/recording.ts'
import type { ChannelState, Epoch, InFlight, RunState } from '../model/run-state.ts'
import type { Point, Route } from './geometry.ts'
import { placeAt } from './geometry.ts'
import type { GraphLayout } from './graph-layout.ts'

export interface Dot extends Point {
  readonly epoch: Epoch
  /** Sent before by an older attempt: drawn hollow. */
  readonly isReplayed: boolean
}

export interface CountLabel extends Point {
  readonly text: string
}

export interface BarrierMark extends Point {
  readonly seq: number
  readonly checkpoint: number
  /** Direction of the channel there, in degrees: the bar stands across it. */
  readonly angle: number
}

/** A channel whose records pass faster than the eye can follow: one band for all of them. */
export interface Stream extends Route {
  readonly epoch: Epoch
  readonly isReplayed: boolean
  readonly perSecond: number
  /** How far the pattern has moved, in px. */
  readonly phase: number
}

export interface Scene {
  readonly dots: readonly Dot[]
  readonly counts: readonly CountLabel[]
  readonly barriers: readonly BarrierMark[]
  readonly streams: readonly Stream[]
}

export interface SceneOptions {
  readonly layout: GraphLayout
  readonly at: number
  /** Sim ms that pass in a real ms; 0 while nothing moves. */
  readonly rate: number
  /** When an element arrives (undefined when it never does), and how much a channel carries. */
  readonly recording: Pick<Recording, 'findArrival' | 'flowAt'>
  /** Reduced motion: everything stands in the middle of its channel. */
  readonly isStill: boolean
}

/** A buffer of many records is drawn as this many dots at most, with a number beside them. */
const DOTS_MAX = 12
const DOT_PITCH = 7
/** A way that takes less real time than this is not seen: then the channel is drawn as a stream. */
const SEEN_MS = 60
/** How fast a stream's pattern moves. */
const STREAM_PX_PER_MS = 0.09
/** An element that is lost stops short of the consumer. */
const LOST_PROGRESS_MAX = 0.92

export function sceneOf(state: RunState, options: SceneOptions): Scene {
  const dots: Dot[] = []
  const counts: CountLabel[] = []
  const barriers: BarrierMark[] = []
  const streams: Stream[] = []
  for (const channel of state.channels.values()) {
    const way = options.layout.channels.get(channel.id)
    if (way === undefined) continue
    const stream = findStream(channel, way, state, options)
    if (stream !== undefined) streams.push(stream)
    for (const item of channel.inFlight) {
      const progress = progressOf(item, channel, options)
      if (item.kind === 'barrier') barriers.push(barrierMark(item, way, progress))
      else addBuffer(item, way, progress, dots, counts)
    }
  }
  return { dots, counts, barriers, streams }
}

/** The stream to draw for a channel: only while playing, and only when its records would not be seen. */
function findStream(
  { id, from, epoch, lastLatencyMs }: ChannelState,
  way: Route,
  { subtasks }: RunState,
  { at, rate, recording }: SceneOptions,
): Stream | undefined {
  if (rate * SEEN_MS <= lastLatencyMs || subtasks.get(from)?.isLost === true) return undefined
  const { perSecond, replayedShare } = recording.flowAt(id, at)
  if (perSecond === 0) return undefined
  const phase = (at / rate) * STREAM_PX_PER_MS
  return { ...way, epoch, isReplayed: replayedShare > 0.5, perSecond, phase }
}

/** 0 at the producer, 1 at the consumer. */
function progressOf(item: InFlight, channel: ChannelState, options: SceneOptions): number {
  if (options.isStill) return 0.5
  const elapsed = options.at - item.sentAt
  const arrival = options.recording.findArrival(item.seq)
  if (item.kind === 'barrier') {
    // Received means handled: a barrier waits at the consumer behind what is queued, it does not creep.
    const handledMs = arrival === undefined ? Infinity : arrival - item.sentAt
    return ratio(elapsed, Math.min(handledMs, channel.lastLatencyMs))
  }
  if (arrival === undefined)
    return Math.min(ratio(elapsed, channel.lastLatencyMs), LOST_PROGRESS_MAX)
  return ratio(elapsed, arrival - item.sentAt)
}

/** How much of the way is done; half of a way that takes no time, which only a step between two events can show. */
function ratio(elapsedMs: number, durationMs: number): number {
  return durationMs <= 0 ? 0.5 : Math.min(Math.max(elapsedMs / durationMs, 0), 1)
}

function barrierMark(
  item: Extract<InFlight, { kind: 'barrier' }>,
  way: Route,
  progress: number,
): BarrierMark {
  return { ...placeAt(way, progress), seq: item.seq, checkpoint: item.checkpoint }
}

/** A train of dots: the head at `progress`, the rest behind it, replayed records first (they are the older ones). */
function addBuffer(
  { count, replayed, epoch }: Extract<InFlight, { kind: 'buffer' }>,
  way: Route,
  progress: number,
  dots: Dot[],
  counts: CountLabel[],
): void {
  const shown = Math.min(count, DOTS_MAX)
  const hollow = Math.round((replayed / Math.max(count, 1)) * shown)
  const pitch = Math.min(DOT_PITCH, way.length / (2 * shown)) / Math.max(way.length, 1)
  for (let index = 0; index < shown; index++)
    dots.push({
      ...placeAt(way, Math.max(progress - index * pitch, 0)),
      epoch,
      isReplayed: index < hollow,
    })
  if (count > 1) {
    const middle = placeAt(way, Math.max(progress - (pitch * (shown - 1)) / 2, 0))
    counts.push({ ...middle, text: String(count) })
  }
}
