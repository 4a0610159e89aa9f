/**
 * A figure of small panels side by side as SVG text: points, lines, a logarithmic or linear scale for y. Knows no
 * experiment. Text only, no DOM; colors that survive color blindness (Okabe and Ito), on white for paper.
 */

export interface PlotSeries {
  readonly name: string
  /** Series of one color belong together. */
  readonly color: number
  /** Measured values are points, what a model says is a line, the rest is dashed. */
  readonly mark: 'points' | 'line' | 'dashes'
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface PlotPanel {
  readonly title: string
  readonly series: readonly PlotSeries[]
}

export interface PlotFigure {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly panels: readonly PlotPanel[]
}

const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const
const PANEL = { width: 330, height: 300, left: 52, top: 56, bottom: 44, right: 14 } as const
const LEGEND_WIDTH = 190
const TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]

interface Scale {
  readonly least: number
  readonly most: number
}

/** A whole SVG document; y is logarithmic, since recovery times grow without bound. */
export function figureSvg({ title, x, y, panels }: PlotFigure): string {
  const points = panels.flatMap(({ series }) => series.flatMap((one) => one.points))
  const ys = points.map(([, value]) => value).filter((value) => value > 0)
  const xs = points.map(([value]) => value)
  const scales = {
    x: { least: Math.min(...xs), most: Math.max(...xs) },
    y: {
      least: TICKS.findLast((tick) => tick <= Math.min(...ys)) ?? Math.min(...ys),
      most: TICKS.find((tick) => tick >= Math.max(...ys)) ?? Math.max(...ys),
    },
  }
  const width = panels.length * PANEL.width + LEGEND_WIDTH
  const drawn = panels.map((panel, index) => panelSvg(panel, index, scales, x))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${PANEL.height + 10}" ` +
      `viewBox="0 0 ${width} ${PANEL.height + 10}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${PANEL.height + 10}" fill="#fff"/>`,
    text(PANEL.left, 20, title, 'font-size="14" font-weight="bold"'),
    text(14, PANEL.top - 12, y),
    ...drawn,
    legendSvg(panels, panels.length * PANEL.width + 8),
    '</svg>',
    '',
  ].join('\n')
}

function panelSvg(
  { title, series }: PlotPanel,
  index: number,
  scales: { readonly x: Scale; readonly y: Scale },
  xLabel: string,
): string {
  const left = index * PANEL.width + PANEL.left
  const right = (index + 1) * PANEL.width - PANEL.right
  const bottom = PANEL.height - PANEL.bottom
  const placeX = (value: number): number =>
    left + ((value - scales.x.least) / (scales.x.most - scales.x.least || 1)) * (right - left)
  const placeY = (value: number): number =>
    bottom - logShare(value, scales.y) * (bottom - PANEL.top)
  const ticksX = [...new Set(series.flatMap((one) => one.points.map(([at]) => at)))]
  const ticksY = TICKS.filter((tick) => tick >= scales.y.least && tick <= scales.y.most)
  return [
    text((left + right) / 2, PANEL.top - 12, title, 'text-anchor="middle" font-weight="bold"'),
    ...ticksY.flatMap((tick) => [
      line(left, placeY(tick), right, placeY(tick), 'stroke="#ddd"'),
      text(left - 6, placeY(tick) + 4, String(tick), 'text-anchor="end" fill="#444"'),
    ]),
    ...ticksX.map((tick) =>
      text(placeX(tick), bottom + 16, String(tick), 'text-anchor="middle" fill="#444"'),
    ),
    text((left + right) / 2, bottom + 34, xLabel, 'text-anchor="middle"'),
    line(left, bottom, right, bottom, 'stroke="#444"'),
    ...series.map((one) => seriesSvg(one, placeX, placeY)),
  ].join('\n')
}

function seriesSvg(
  { color, mark, points }: PlotSeries,
  placeX: (x: number) => number,
  placeY: (y: number) => number,
): string {
  const ink = COLORS[color % COLORS.length] ?? '#000'
  const shown = points.filter(([, y]) => y > 0 && y < Number.POSITIVE_INFINITY)
  if (mark === 'points') {
    return shown
      .map(([x, y]) => `<circle cx="${n(placeX(x))}" cy="${n(placeY(y))}" r="3" fill="${ink}"/>`)
      .join('')
  }
  const path = shown
    .toSorted(([a], [b]) => a - b)
    .map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${n(placeX(x))},${n(placeY(y))}`)
    .join('')
  const dash = mark === 'dashes' ? ' stroke-dasharray="5 4"' : ''
  return `<path d="${path}" fill="none" stroke="${ink}" stroke-width="1.5"${dash}/>`
}

function legendSvg(panels: readonly PlotPanel[], left: number): string {
  const [first] = panels
  return (first?.series ?? [])
    .map(({ name, color, mark }, index) => {
      const y = PANEL.top + 8 + index * 16
      const ink = COLORS[color % COLORS.length] ?? '#000'
      const dash = mark === 'dashes' ? ' stroke-dasharray="5 4"' : ''
      const sign =
        mark === 'points'
          ? `<circle cx="${left + 10}" cy="${y - 4}" r="3" fill="${ink}"/>`
          : line(left, y - 4, left + 20, y - 4, `stroke="${ink}" stroke-width="1.5"${dash}`)
      return `${sign}${text(left + 26, y, name)}`
    })
    .join('\n')
}

/** Where a value stands between two others on a logarithmic scale, by halving: exact to a thousandth, without Math.log. */
function logShare(value: number, { least, most }: Scale): number {
  if (value <= least) return 0
  if (value >= most) return 1
  let share = 0
  let low = least
  let high = most
  for (let part = 0.5; part > 0.0005; part /= 2) {
    const middle = Math.sqrt(low * high)
    if (value < middle) {
      high = middle
    } else {
      low = middle
      share += part
    }
  }
  return share
}

function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return `<line x1="${n(x1)}" y1="${n(y1)}" x2="${n(x2)}" y2="${n(y2)}" ${style}/>`
}

function text(x: number, y: number, words: string, style = ''): string {
  const escaped = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<text x="${n(x)}" y="${n(y)}" ${style}>${escaped}</text>`
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10)
}
