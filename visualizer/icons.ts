/** The transport's signs as paths: no font draws them alike, and some do not have them. */

const PATHS = {
  play: 'M4 2.5V13.5L13.5 8Z',
  pause: 'M3.5 2.5H6.5V13.5H3.5ZM9.5 2.5H12.5V13.5H9.5Z',
  forward: 'M2.5 2.5V13.5L10 8ZM11 2.5H13.5V13.5H11Z',
  back: 'M13.5 2.5V13.5L6 8ZM2.5 2.5H5V13.5H2.5Z',
  end: 'M1 3V13L7 8ZM7 3V13L13 8ZM13 3H15V13H13Z',
  start: 'M15 3V13L9 8ZM9 3V13L3 8ZM1 3H3V13H1Z',
} as const

export type IconName = keyof typeof PATHS

export function createIcon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 16 16')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'path'))
  setIcon(svg, name)
  return svg
}

export function setIcon(svg: SVGSVGElement, name: IconName): void {
  const path = svg.firstElementChild
  if (path?.getAttribute('d') !== PATHS[name]) path?.setAttribute('d', PATHS[name])
}
