/** What the timeline and its lanes agree on: heights, names, and the context that a lane is drawn in. */
import type { ScaleLinear, Selection } from 'd3'
import { present } from '../../engine/assert.ts'
import type { Language } from '../i18n/index.ts'
import type { Actions, Frame } from './frame.ts'

export const AXIS_HEIGHT = 24
export const LANES = { faults: 26, checkpoints: 30, recovery: 26, lag: 34 } as const

export type LaneName = keyof typeof LANES
export type TimeScale = ScaleLinear<number, number>

/** From top to bottom. */
export const LANE_NAMES: readonly LaneName[] = ['faults', 'checkpoints', 'recovery', 'lag']

export interface LaneContext {
  readonly frame: Frame
  readonly words: Language
  readonly actions: Actions
  readonly scale: TimeScale
  readonly width: number
  readonly lanes: ReadonlyMap<LaneName, Selection<SVGGElement, unknown, null, undefined>>
}

export function laneOf(
  { lanes }: LaneContext,
  name: LaneName,
): Selection<SVGGElement, unknown, null, undefined> {
  return present(lanes.get(name), `The timeline has no lane ${name}.`)
}
