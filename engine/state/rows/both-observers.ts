/** Two observers of rows as one: the second hears of a row when the first is done with it. */

import type { RowObserver } from './row-observer.ts'

export function both(first: RowObserver, second: RowObserver): RowObserver {
  return {
    reads: (store, key) => {
      first.reads(store, key)
      second.reads(store, key)
    },
    writes: (store, key) => {
      first.writes(store, key)
      second.writes(store, key)
    },
    evicts: (store, key) => {
      first.evicts?.(store, key)
      second.evicts?.(store, key)
    },
    timer: (domain, timer, row) => {
      first.timer(domain, timer, row)
      second.timer(domain, timer, row)
    },
  }
}
