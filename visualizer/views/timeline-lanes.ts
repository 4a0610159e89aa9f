/** The lanes of the timeline, each drawn whole from the state at the end of what is known. */
import { area, curveStepAfter } from 'd3'

import type { Recovery } from '../../engine/metrics/recovery-timeline.ts'
import { textWidth } from '../dom.ts'
import { FAULT_KINDS, plannedAt } from '../faults.ts'
import type { LagPoint } from '../model/recording.ts'
import type { CheckpointState } from '../model/run-state.ts'
import type { Fault } from '../../sim/index.ts'
import type { LaneContext, TimeScale } from './timeline-scale.ts'
import { LANES, laneOf } from './timeline-scale.ts'

const BAR_MIN_WIDTH = 4

interface FaultMark {
  readonly index: number
  readonly fault: Fault
  readonly at: number
  readonly outcome: string
}

export function drawFaults(context: LaneContext): void {
  const { frame, words, actions, scale } = context
  const marks = faultMarks(context)
  laneOf(context, 'faults')
    .selectAll<SVGGElement, FaultMark>('g')
    .data(marks, ({ index }) => index)
    .join((enter) => {
      const group = enter.append('g').attr('role', 'button').attr('tabindex', 0)
      group.append('path').attr('d', 'M0,3L10,20H-10Z')
      group.append('text').attr('y', 18)
      group
        .on('click', (_, { index }) => actions.select({ kind: 'fault', id: String(index) }))
        .on('keydown', (event: KeyboardEvent, { index }) => {
          if (event.key === 'Enter') actions.select({ kind: 'fault', id: String(index) })
          if (event.key === 'Delete') actions.removeFault(index)
        })
      return group
    })
    .attr('class', ({ index, outcome }) => {
      const { selection } = frame.app
      const isSelected = selection?.kind === 'fault' && selection.id === String(index)
      return `fault-mark ${outcome}${isSelected ? ' selected' : ''}`
    })
    .attr('transform', ({ at }) => `translate(${scale(at)},0)`)
    .attr('aria-label', ({ index, fault, outcome }) =>
      words.word('timeline.fault-label', {
        number: index + 1,
        kind: words.term('fault', fault.kind),
        on: fault.on,
        outcome: words.term('fault', outcome),
      }),
    )
    .select('text')
    .text(({ fault }) => FAULT_KINDS[fault.kind].glyph)
}

/** Where each planned fault stands: where it fired, else where it was planned for; those without a place are left out. */
function faultMarks({ frame: { app, recording } }: LaneContext): readonly FaultMark[] {
  return (app.plan?.faults ?? []).flatMap((fault, index) => {
    const fired = recording.head.faults.get(index)
    const at = fired?.at ?? plannedAt(fault)
    const outcome =
      app.result?.faults[index]?.outcome ?? (fired === undefined ? 'planned' : 'fired')
    return at === null ? [] : [{ index, fault, at, outcome }]
  })
}

export function drawCheckpoints(context: LaneContext): void {
  const { frame, words, actions, scale, width: plotWidth } = context
  const end = frame.recording.endAt
  const checkpoints = [...frame.recording.head.checkpoints.values()]
  const spacing = spacingOf(checkpoints, scale)
  drawFirstEpoch(context, checkpoints[0]?.triggeredAt ?? end)
  laneOf(context, 'checkpoints')
    .selectAll<SVGGElement, CheckpointState>('g')
    .data(checkpoints, ({ id }) => id)
    .join((enter) => {
      const group = enter.append('g').attr('role', 'button').attr('tabindex', -1)
      group.append('rect').attr('class', 'epoch').attr('y', 24).attr('height', 4)
      group.append('rect').attr('class', 'bar').attr('y', 5).attr('height', 15).attr('rx', 2)
      group.append('text').attr('y', 17)
      group.on('click', (_, { id }) => actions.select({ kind: 'checkpoint', id: String(id) }))
      return group
    })
    .attr('class', ({ id, status, isSubsumed }) => {
      const { selection } = frame.app
      const isSelected = selection?.kind === 'checkpoint' && selection.id === String(id)
      const parity = id % 2 === 0 ? 'even' : 'odd'
      return `checkpoint ${status} ${parity}${isSubsumed ? ' subsumed' : ''}${isSelected ? ' selected' : ''}`
    })
    .attr('transform', ({ triggeredAt }) => `translate(${scale(triggeredAt)},0)`)
    .attr('aria-label', ({ id, status, triggeredAt, endedAt }) =>
      words.word('timeline.checkpoint-label', {
        checkpoint: id,
        status: words.term('status', status),
        duration: endedAt === null ? '' : words.span(endedAt - triggeredAt),
      }),
    )
    .each(function ({ triggeredAt, endedAt, status, id }, index) {
      const width = Math.max(BAR_MIN_WIDTH, scale(endedAt ?? end) - scale(triggeredAt))
      const next = checkpoints[index + 1]?.triggeredAt ?? end
      this.querySelector('.bar')?.setAttribute('width', String(width))
      this.querySelector('.epoch')?.setAttribute('width', String(scale(next) - scale(triggeredAt)))
      const label = this.querySelector('text')
      if (label === null) return
      const text = spacing < 22 ? '' : `${id}${status === 'aborted' ? ' ✕' : ''}`
      label.textContent = text
      const isAtEdge = scale(triggeredAt) + width + 6 + textWidth(text, 12) > plotWidth
      // Left of the last bar stands the number of the one before.
      if (isAtEdge && spacing < 48) label.textContent = ''
      label.setAttribute('text-anchor', isAtEdge ? 'end' : 'start')
      label.setAttribute('x', String(isAtEdge ? -4 : width + 4))
    })
}

/** Before the first checkpoint is epoch 0. */
function drawFirstEpoch(context: LaneContext, until: number): void {
  const { scale } = context
  laneOf(context, 'checkpoints')
    .selectAll('rect.epoch-0')
    .data([until])
    .join('rect')
    .attr('class', 'epoch-0')
    .attr('y', 24)
    .attr('height', 4)
    .attr('x', scale(0))
    .attr('width', scale(until) - scale(0))
}

/** The smallest distance between two bars: numbers are left out when they would collide. */
function spacingOf(checkpoints: readonly CheckpointState[], scale: TimeScale): number {
  return checkpoints.reduce((smallest, { triggeredAt }, index) => {
    const next = checkpoints[index + 1]
    return next === undefined
      ? smallest
      : Math.min(smallest, scale(next.triggeredAt) - scale(triggeredAt))
  }, Infinity)
}

interface Phase {
  readonly key: string
  readonly name: 'detect' | 'restart' | 'restore' | 'catch-up'
  readonly from: number
  readonly to: number
  readonly isOpen: boolean
}

const PHASES: readonly (readonly [
  Phase['name'],
  (r: Recovery) => number | null,
  (r: Recovery) => number | null,
])[] = [
  ['detect', (r) => r.failedAt, (r) => r.detectedAt],
  ['restart', (r) => r.detectedAt, (r) => r.restoreStartedAt],
  ['restore', (r) => r.restoreStartedAt, (r) => r.runningAt],
  ['catch-up', (r) => r.runningAt, (r) => r.caughtUpAt],
]

/** The phases that a recovery went through, the last one open until `end`. */
export function phasesOf(recovery: Recovery, index: number, end: number): readonly Phase[] {
  return PHASES.flatMap(([name, start, finish]): readonly Phase[] => {
    const from = start(recovery)
    if (from === null) return []
    const to = finish(recovery)
    const isOpen = to === null
    return [{ key: `${index}-${name}`, name, from, to: to ?? end, isOpen }]
  })
}

export function drawRecoveries(context: LaneContext): void {
  const { frame, words, scale } = context
  const { recoveries, endAt } = frame.recording
  const phases = recoveries.flatMap((recovery, index) => phasesOf(recovery, index, endAt))
  laneOf(context, 'recovery')
    .selectAll<SVGGElement, Phase>('g')
    .data(phases, ({ key }) => key)
    .join((enter) => {
      const group = enter.append('g').attr('role', 'img')
      group.append('rect').attr('class', 'fill').attr('y', 3).attr('height', 20)
      group.append('rect').attr('class', 'texture').attr('y', 3).attr('height', 20)
      group.append('text').attr('y', 17)
      return group
    })
    .attr('class', ({ name, isOpen }) => `phase ${name}${isOpen ? ' open' : ''}`)
    .attr('transform', ({ from }) => `translate(${scale(from)},0)`)
    .attr('aria-label', ({ name, from, to }) =>
      words.word('timeline.recovery-label', {
        phase: words.word(`phase.${name}`),
        duration: words.span(to - from),
      }),
    )
    .each(function ({ name, from, to }) {
      const width = Math.max(1, scale(to) - scale(from))
      for (const rect of this.querySelectorAll('rect')) rect.setAttribute('width', String(width))
      const label = this.querySelector('text')
      if (label === null) return
      const text = `${words.word(`phase.${name}`)} ${words.span(to - from)}`
      label.textContent = fitting([text, words.word(`phase.${name}`)], width)
      label.setAttribute('x', String(width / 2))
    })
}

/** The first of the texts that fits into `width` pixels, or nothing. */
function fitting(texts: readonly string[], width: number): string {
  return texts.find((text) => textWidth(text, 12) + 8 <= width) ?? ''
}

export function drawLag(context: LaneContext): void {
  const { frame, words, scale, width } = context
  const { lag, endAt } = frame.recording
  const max = lag.reduce((most, point) => Math.max(most, point.lag), 0)
  const height = LANES.lag - 4
  const points = bucketed([...lag, { at: endAt, lag: lag.at(-1)?.lag ?? 0 }], scale, width)
  const shape = area<LagPoint>()
    .curve(curveStepAfter)
    .x(({ at }) => scale(at))
    .y0(height)
    .y1((point) => height - (max === 0 ? 0 : (point.lag / max) * (height - 12)))
  const group = laneOf(context, 'lag')
  group.selectAll('path').data([points]).join('path').attr('class', 'lag').attr('d', shape)
  group
    .selectAll('text')
    .data(max === 0 ? [] : [max])
    .join('text')
    .attr('class', 'lag-max')
    .attr('x', width - 4)
    .attr('y', 11)
    .text((value) => words.word('timeline.lag-max', { count: words.number(value) }))
}

/** At most two points per pixel, the highest and the last of each: a spike never disappears. */
function bucketed(
  points: readonly LagPoint[],
  scale: TimeScale,
  width: number,
): readonly LagPoint[] {
  if (points.length <= 2 * width) return points
  const buckets = new Map<number, { highest: LagPoint; last: LagPoint }>()
  for (const point of points) {
    const bucket = Math.floor(scale(point.at))
    const known = buckets.get(bucket)
    const highest = known === undefined || point.lag > known.highest.lag ? point : known.highest
    buckets.set(bucket, { highest, last: point })
  }
  return [...buckets.values()].flatMap(({ highest, last }) =>
    highest === last ? [last] : [highest, last],
  )
}
