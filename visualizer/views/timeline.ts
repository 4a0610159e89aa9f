/**
 * The whole run on one time axis: faults, checkpoints, recovery phases, lag. Drawn from everything that is known of
 * the run, the part after the playhead under a veil. Drag or click moves the playhead, the wheel zooms at the
 * pointer, shift and drag pans. One x scale for all lanes, so cause and effect line up.
 */
import { axisTop, drag, pointer, scaleLinear, select, zoom, zoomIdentity } from 'd3'
import type { Selection, ZoomBehavior, ZoomTransform } from 'd3'
import { h, setAttribute } from '../dom.ts'
import type { Language } from '../i18n/index.ts'
import type { Actions, Frame, View } from './frame.ts'
import { drawCheckpoints, drawFaults, drawLag, drawRecoveries } from './timeline-lanes.ts'
import type { LaneContext, LaneName } from './timeline-scale.ts'
import { AXIS_HEIGHT, LANES, LANE_NAMES } from './timeline-scale.ts'

const HEIGHT = AXIS_HEIGHT + LANE_NAMES.reduce((sum, name) => sum + LANES[name], 0) + 4
const ZOOM_MAX = 2000
const MARGIN = 20

type Group = Selection<SVGGElement, unknown, null, undefined>

export class Timeline implements View {
  readonly element: HTMLElement
  readonly #words: Language
  readonly #actions: Actions
  readonly #plot = h('div', { class: 'timeline-plot' })
  readonly #svg = select(this.#plot).append('svg')
  readonly #surface = this.#svg.append('rect').attr('class', 'surface').attr('height', HEIGHT)
  readonly #axis = this.#svg.append('g').attr('class', 'axis').attr('aria-hidden', 'true')
  readonly #lanes: ReadonlyMap<LaneName, Group>
  readonly #veil: Selection<SVGRectElement, unknown, null, undefined>
  readonly #playhead: Group
  readonly #fit: HTMLButtonElement
  readonly #zoom: ZoomBehavior<SVGSVGElement, unknown>
  #transform: ZoomTransform = zoomIdentity
  #scale = scaleLinear()
  #drawn: readonly unknown[] = []
  #last: Frame | null = null

  constructor(words: Language, actions: Actions) {
    this.#words = words
    this.#actions = actions
    this.#svg
      .attr('height', HEIGHT)
      .attr('role', 'group')
      .attr('aria-label', words.word('timeline.title'))
    this.#lanes = this.#createLanes()
    this.#veil = this.#svg
      .append('rect')
      .attr('class', 'veil')
      .attr('y', AXIS_HEIGHT)
      .attr('height', HEIGHT - AXIS_HEIGHT)
    this.#playhead = createPlayhead(this.#svg, words)
    this.#zoom = this.#createZoom()
    this.#scrubOnDrag()
    this.#fit = h(
      'button',
      { type: 'button', class: 'timeline-fit', hidden: true, onclick: () => this.#reset() },
      words.word('timeline.fit'),
    )
    this.element = h(
      'section',
      { class: 'panel timeline', 'aria-label': words.word('timeline.title') },
      createLabels(words),
      this.#plot,
      this.#fit,
    )
  }

  draw(frame: Frame): void {
    this.#last = frame
    const width = this.#plot.clientWidth
    if (width === 0) return
    const { recording, app, at } = frame
    const base = scaleLinear([0, Math.max(recording.endAt, 1)], [MARGIN, width - MARGIN])
    this.#scale = this.#transform.rescaleX(base)
    const { plan, result, selection, loaded } = app
    const inputs = [recording, loaded, width, this.#transform, plan, result, selection]
    if (inputs.some((input, index) => input !== this.#drawn[index])) {
      this.#drawn = inputs
      this.#drawLanes(frame, width)
    }
    const x = this.#scale(at)
    this.#veil.attr('x', x).attr('width', Math.max(0, width - x))
    this.#movePlayhead(x, frame)
  }

  #drawLanes(frame: Frame, width: number): void {
    const extent: [[number, number], [number, number]] = [
      [0, 0],
      [width, HEIGHT],
    ]
    this.#zoom.extent(extent).translateExtent(extent)
    this.#svg.attr('width', width)
    this.#surface.attr('width', width)
    this.#svg.selectAll('.rule').attr('x2', width)
    this.#axis.attr('transform', `translate(0,${AXIS_HEIGHT})`).call(
      axisTop(this.#scale)
        .ticks(Math.max(2, Math.floor(width / 90)))
        .tickFormat((ms) => this.#words.span(ms.valueOf()))
        .tickSizeOuter(0),
    )
    const context: LaneContext = {
      frame,
      words: this.#words,
      actions: this.#actions,
      scale: this.#scale,
      width,
      lanes: this.#lanes,
    }
    drawFaults(context)
    drawCheckpoints(context)
    drawRecoveries(context)
    drawLag(context)
  }

  #createLanes(): ReadonlyMap<LaneName, Group> {
    let top = AXIS_HEIGHT
    return new Map(
      LANE_NAMES.map((name) => {
        const lane = this.#svg
          .append('g')
          .attr('class', `lane ${name}`)
          .attr('transform', `translate(0,${top})`)
        top += LANES[name]
        lane.append('line').attr('class', 'rule').attr('y1', LANES[name]).attr('y2', LANES[name])
        return [name, lane.append('g')]
      }),
    )
  }

  #createZoom(): ZoomBehavior<SVGSVGElement, unknown> {
    const behavior = zoom<SVGSVGElement, unknown>()
      .scaleExtent([1, ZOOM_MAX])
      .filter((event: MouseEvent | TouchEvent) => isZoomGesture(event))
      .on('zoom', ({ transform }: { readonly transform: ZoomTransform }) => {
        this.#transform = transform
        this.#fit.hidden = transform.k === 1
        if (this.#last !== null) this.draw(this.#last)
      })
    this.#svg.call(behavior).on('dblclick.zoom', null)
    return behavior
  }

  #scrubOnDrag(): void {
    this.#svg.call(
      drag<SVGSVGElement, unknown>()
        .filter((event: MouseEvent) => !event.shiftKey && event.button === 0 && !isMark(event))
        .on('start drag', (event: { readonly sourceEvent: Event }) =>
          this.#actions.seek(this.#scale.invert(pointer(event.sourceEvent, this.#svg.node())[0])),
        ),
    )
  }

  #reset(): void {
    this.#svg.call((svg) => this.#zoom.transform(svg, zoomIdentity))
  }

  #movePlayhead(x: number, { recording, at }: Frame): void {
    this.#playhead.attr('transform', `translate(${x},0)`)
    const node = this.#playhead.node()
    if (node === null) return
    setAttribute(node, 'aria-valuemax', String(Math.round(recording.endAt)))
    setAttribute(node, 'aria-valuenow', String(Math.round(at)))
    setAttribute(node, 'aria-valuetext', this.#words.moment(at))
  }
}

function createPlayhead(
  svg: Selection<SVGSVGElement, unknown, null, undefined>,
  words: Language,
): Group {
  const group = svg
    .append('g')
    .attr('class', 'playhead')
    .attr('role', 'slider')
    .attr('tabindex', 0)
    .attr('aria-orientation', 'horizontal')
    .attr('aria-label', words.word('timeline.playhead'))
    .attr('aria-valuemin', 0)
  group.append('line').attr('y1', 8).attr('y2', HEIGHT)
  group.append('path').attr('d', 'M-7,2H7V10L0,17L-7,10Z')
  return group
}

function createLabels(words: Language): HTMLElement {
  return h(
    'div',
    { class: 'timeline-labels', 'aria-hidden': 'true', style: `padding-top:${AXIS_HEIGHT}px` },
    ...LANE_NAMES.map((name) =>
      h('span', { style: `height:${LANES[name]}px` }, words.word(`timeline.${name}`)),
    ),
  )
}

/** The wheel and pinching zoom; a plain drag moves the playhead, with shift it pans. */
function isZoomGesture(event: MouseEvent | TouchEvent): boolean {
  if (event.type === 'wheel') return true
  if ('touches' in event) return event.touches.length > 1
  return event.shiftKey
}

/** A mark is clicked, not scrubbed. */
function isMark(event: Event): boolean {
  return event.target instanceof Element && event.target.closest('[role="button"]') !== null
}
