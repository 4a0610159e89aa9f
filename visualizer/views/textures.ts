/**
 * Textures shared by all SVG of the page: state is told by texture, not by hue. One hidden SVG holds them; others
 * refer to them as `url(#weir-…)`.
 */
import { create } from 'd3'

/** Hatch lines every 5 px at this angle. */
const HATCHES = [
  { id: 'weir-hatch', angle: 45, className: 'hatch-line' },
  { id: 'weir-hatch-back', angle: -45, className: 'hatch-line' },
  { id: 'weir-hatch-even', angle: 45, className: 'hatch-line even' },
  { id: 'weir-hatch-odd', angle: 45, className: 'hatch-line odd' },
  { id: 'weir-hatch-none', angle: 45, className: 'hatch-line none' },
] as const

export function createTextures(): SVGSVGElement {
  const svg = create('svg')
    .attr('class', 'textures')
    .attr('aria-hidden', 'true')
    .attr('width', 0)
    .attr('height', 0)
  const patterns = svg
    .append('defs')
    .selectAll('pattern')
    .data(HATCHES)
    .join('pattern')
    .attr('id', ({ id }) => id)
    .attr('patternUnits', 'userSpaceOnUse')
    .attr('width', 5)
    .attr('height', 5)
    .attr('patternTransform', ({ angle }) => `rotate(${angle})`)
  svg
    .select('defs')
    .append('pattern')
    .attr('id', 'weir-dots')
    .attr('patternUnits', 'userSpaceOnUse')
    .attr('width', 7)
    .attr('height', 7)
    .append('circle')
    .attr('class', 'dot-mark')
    .attr('cx', 2)
    .attr('cy', 2)
    .attr('r', 1)
  patterns
    .append('line')
    .attr('class', ({ className }) => className)
    .attr('y2', 5)
  return svg.node() ?? document.createElementNS('http://www.w3.org/2000/svg', 'svg')
}
