/**
 * Paints the records in flight: one path per colour and kind, because a path for every dot would not hold 60 frames
 * a second. Lies under the SVG and is hidden from screen readers: the event log says the same in words.
 */
import type { Scene, Stream } from '../layout/scene.ts'
import { EPOCH, SURFACE } from '../theme/palette.ts'
import type { Paint, Theme } from '../theme/palette.ts'

const RADIUS = 4
const PIXEL_RATIO_MAX = 2
/** Between two dashes of a stream. */
const STREAM_PITCH = 15

/** The part of a 2D context that painting uses; a test records the calls. */
export type Brush = Pick<
  CanvasRenderingContext2D,
  | 'setTransform'
  | 'clearRect'
  | 'beginPath'
  | 'moveTo'
  | 'arc'
  | 'fill'
  | 'stroke'
  | 'fillText'
  | 'strokeText'
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'font'
  | 'textAlign'
  | 'lineTo'
  | 'lineCap'
  | 'lineDashOffset'
  | 'setLineDash'
>

export class RecordsCanvas {
  readonly element = document.createElement('canvas')
  #width = 0
  #height = 0
  #ratio = 1

  constructor() {
    this.element.setAttribute('aria-hidden', 'true')
  }

  resize(width: number, height: number): void {
    this.#width = width
    this.#height = height
    this.#ratio = Math.min(window.devicePixelRatio || 1, PIXEL_RATIO_MAX)
    this.element.width = Math.round(width * this.#ratio)
    this.element.height = Math.round(height * this.#ratio)
    this.element.style.width = `${width}px`
    this.element.style.height = `${height}px`
  }

  paint(scene: Scene, theme: Theme): void {
    const brush = this.element.getContext('2d')
    if (brush === null) return
    brush.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0)
    brush.clearRect(0, 0, this.#width, this.#height)
    paintScene(brush, scene, theme)
  }
}

export function paintScene(brush: Brush, { dots, counts, streams }: Scene, theme: Theme): void {
  for (const stream of streams) paintStream(brush, stream, theme)
  for (const parity of [0, 1]) {
    const paint = parity === 0 ? EPOCH.even : EPOCH.odd
    for (const isReplayed of [false, true]) {
      const group = dots.filter((dot) => dot.epoch % 2 === parity && dot.isReplayed === isReplayed)
      if (group.length === 0) continue
      brush.beginPath()
      for (const { x, y } of group) {
        brush.moveTo(x + RADIUS, y)
        brush.arc(x, y, RADIUS, 0, 2 * Math.PI)
      }
      finishDots(brush, paint, theme, isReplayed)
    }
  }
  paintCounts(brush, counts, theme)
}

/** Dashes that travel with the records, thicker with their number; hollow while they are replayed. */
function paintStream(brush: Brush, stream: Stream, theme: Theme): void {
  const { from, via, to, epoch, isReplayed, perSecond, phase } = stream
  const paint = epoch % 2 === 0 ? EPOCH.even : EPOCH.odd
  const width = Math.min(4 + Math.log10(1 + perSecond) * 1.5, 10)
  brush.lineCap = 'round'
  brush.setLineDash([0.1, STREAM_PITCH])
  brush.lineDashOffset = -(phase % STREAM_PITCH)
  const line = (color: string, lineWidth: number): void => {
    brush.strokeStyle = color
    brush.lineWidth = lineWidth
    brush.beginPath()
    brush.moveTo(from.x, from.y)
    for (const { x, y } of [...via, to]) brush.lineTo(x, y)
    brush.stroke()
  }
  line(isReplayed ? paint.fill : paint.stroke[theme], width)
  line(isReplayed ? SURFACE[theme].surface : paint.fill, width - (isReplayed ? 4 : 2.5))
  brush.setLineDash([])
}

/** Replayed records are hollow: the surface inside, the epoch's colour around. */
function finishDots(brush: Brush, paint: Paint, theme: Theme, isHollow: boolean): void {
  brush.fillStyle = isHollow ? SURFACE[theme].surface : paint.fill
  brush.fill()
  brush.lineWidth = isHollow ? 2 : 1.5
  brush.strokeStyle = isHollow && theme === 'light' ? paint.fill : paint.stroke[theme]
  brush.stroke()
}

function paintCounts(brush: Brush, counts: Scene['counts'], theme: Theme): void {
  brush.font = '600 11px system-ui, sans-serif'
  brush.textAlign = 'center'
  brush.lineWidth = 3
  brush.strokeStyle = SURFACE[theme].surface
  brush.fillStyle = SURFACE[theme].text
  for (const { x, y, text } of counts) {
    brush.strokeText(text, x, y - 9)
    brush.fillText(text, x, y - 9)
  }
}
