/**
 * What subtasks and partitions have in common as buttons: a transparent rectangle on top that takes pointer, focus
 * and label, so that the texts beneath it are not read twice.
 */
import type { Selection } from 'd3'
import type { Box } from '../layout/geometry.ts'

type Nodes<T> = Selection<SVGGElement, T, SVGGElement, unknown>

export function appendHit<T>(nodes: Nodes<T>, onPress: (node: T) => void): void {
  nodes
    .append('rect')
    .attr('class', 'hit')
    .attr('role', 'button')
    .attr('tabindex', 0)
    .on('click', (_, node) => onPress(node))
    .on('keydown', (event: KeyboardEvent, node) => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      event.preventDefault()
      event.stopPropagation()
      onPress(node)
    })
}

export function placeHit<T extends { readonly box: Box }>(nodes: Nodes<T>): void {
  nodes
    .select('.hit')
    .attr('width', ({ box }) => box.width)
    .attr('height', ({ box }) => box.height)
}

/** Changes one part of a node. */
export function put(group: SVGGElement, selector: string, change: (part: Element) => void): void {
  const part = group.querySelector(selector)
  if (part !== null) change(part)
}
