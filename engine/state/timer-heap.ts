/**
 * The order of a timer queue: a heap with four children per node over columns, so that comparing touches neither rows
 * nor objects. Must not know what a row is. Not part of snapshots: rebuilt from the rows.
 * Invariants: no node is before its parent, by time and then by order; `positions[row]` is the node of the row.
 */

import { assert } from '../assert.ts'

const NODES_MIN = 16

export class TimerHeap {
  #times = new Float64Array(NODES_MIN)
  /** Tells timers of the same time apart: the earlier one has the smaller order. */
  #orders = new Float64Array(NODES_MIN)
  #rows = new Int32Array(NODES_MIN)
  #positions = new Int32Array(NODES_MIN)
  #count = 0

  get count(): number {
    return this.#count
  }

  get sizeBytes(): number {
    return this.#times.length * 24
  }

  /** The row that is first. */
  get firstRow(): number {
    assert(this.#count > 0, 'An empty timer queue has no first timer.')
    return this.#rows[0] ?? 0
  }

  get firstTime(): number {
    assert(this.#count > 0, 'An empty timer queue has no first timer.')
    return this.#times[0] ?? 0
  }

  /** Adds a row; rows are dense, so it is the number of rows before. */
  push(row: number, time: number, order: number): void {
    const node = this.#count
    if (node === this.#times.length) this.#resize(node * 2)
    this.#count = node + 1
    this.#up(node, row, time, order)
  }

  remove(row: number): void {
    const node = this.#positions[row] ?? 0
    const last = this.#count - 1
    this.#count = last
    if (node !== last) {
      const moved = this.#rows[last] ?? 0
      const time = this.#times[last] ?? 0
      const order = this.#orders[last] ?? 0
      const parent = (node - 1) >> 2
      if (node > 0 && this.#isBefore(time, order, parent)) this.#up(node, moved, time, order)
      else this.#down(node, moved, time, order)
    }
    if (last > NODES_MIN && last * 4 < this.#times.length) this.#resize(this.#times.length / 2)
  }

  /** The timer of row `from` is in row `to` now. */
  move(from: number, to: number): void {
    const node = this.#positions[from] ?? 0
    this.#rows[node] = to
    this.#positions[to] = node
  }

  #up(start: number, row: number, time: number, order: number): void {
    let node = start
    while (node > 0) {
      const parent = (node - 1) >> 2
      if (!this.#isBefore(time, order, parent)) break
      this.#copy(parent, node)
      node = parent
    }
    this.#put(node, row, time, order)
  }

  #down(start: number, row: number, time: number, order: number): void {
    let node = start
    for (let child = node * 4 + 1; child < this.#count; child = node * 4 + 1) {
      const first = this.#firstOf(child, Math.min(child + 4, this.#count))
      if (this.#isBefore(time, order, first)) break
      this.#copy(first, node)
      node = first
    }
    this.#put(node, row, time, order)
  }

  #firstOf(begin: number, end: number): number {
    let first = begin
    for (let node = begin + 1; node < end; node += 1) {
      if (this.#isBefore(this.#times[node] ?? 0, this.#orders[node] ?? 0, first)) first = node
    }
    return first
  }

  #isBefore(time: number, order: number, node: number): boolean {
    const other = this.#times[node] ?? 0
    return time < other || (time === other && order < (this.#orders[node] ?? 0))
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.#rows[from] ?? 0, this.#times[from] ?? 0, this.#orders[from] ?? 0)
  }

  #put(node: number, row: number, time: number, order: number): void {
    this.#rows[node] = row
    this.#times[node] = time
    this.#orders[node] = order
    this.#positions[row] = node
  }

  #resize(length: number): void {
    const times = new Float64Array(length)
    const orders = new Float64Array(length)
    const rows = new Int32Array(length)
    const positions = new Int32Array(length)
    times.set(this.#times.subarray(0, length))
    orders.set(this.#orders.subarray(0, length))
    rows.set(this.#rows.subarray(0, length))
    positions.set(this.#positions.subarray(0, length))
    this.#times = times
    this.#orders = orders
    this.#rows = rows
    this.#positions = positions
  }
}
