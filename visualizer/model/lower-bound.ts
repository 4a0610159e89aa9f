/** Binary search. */

/** The smallest index in 0..count for which `holds` is true; `holds` must be false, then true. */
export function lowerBound(count: number, holds: (index: number) => boolean): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
