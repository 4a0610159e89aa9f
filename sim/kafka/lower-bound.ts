/** Binary search, in one place: logs and indexes are sorted by offset. */

/** The first index whose item is not `before`; the array's length when all are. `before` is true, then false. */
export function lowerBound<T>(items: readonly T[], before: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const item = items[middle]
    if (item !== undefined && before(item)) low = middle + 1
    else high = middle
  }
  return low
}
