/**
 * The end of a window and the start of the one before, by the window's start: in one number, where both are within 18
 * hours of it, else in two more. A namespace is a window's start. Must not know what the windows are for.
 */
import { numberState } from '../state/descriptors.ts'
import type { KeyedStateBackend, NumberState } from '../state/keyed-state-backend.ts'

/** Two whole numbers below it make one that a float64 holds exactly. */
const SPAN = 67_108_864
/** In place of the two: they are far away. */
const FAR = -1

export class WindowBounds {
  /** Of the window that was read last. */
  end = 0
  /** Undefined: there is none before. */
  previous: number | undefined
  readonly #state: KeyedStateBackend
  /** What the end lies behind the start, plus SPAN times what the previous start lies before it (0: there is none). */
  readonly #near: NumberState
  readonly #farEnd: NumberState
  readonly #farPrevious: NumberState

  constructor(uid: string, state: KeyedStateBackend) {
    const ofWindow = (name: string): NumberState =>
      state.numberState(numberState(`${uid}.window-${name}`, { namespaced: true }))
    this.#state = state
    this.#near = ofWindow('bounds')
    this.#farEnd = ofWindow('far-end')
    this.#farPrevious = ofWindow('far-previous')
  }

  /** False if there is no such window. */
  read(start: number): boolean {
    this.#state.setCurrentNamespace(start)
    const near = this.#near.get()
    if (near === undefined) return false
    if (near === FAR) {
      this.end = this.#farEnd.get() ?? start
      this.previous = this.#farPrevious.get()
      return true
    }
    const before = Math.floor(near / SPAN)
    this.end = start + (near - before * SPAN)
    this.previous = before === 0 ? undefined : start - before
    return true
  }

  write(start: number, end: number, previous: number | undefined): void {
    this.#state.setCurrentNamespace(start)
    const behind = end - start
    const before = previous === undefined ? 0 : start - previous
    if (isNear(behind) && isNear(before)) {
      this.#near.set(behind + before * SPAN)
      return
    }
    this.#near.set(FAR)
    this.#farEnd.set(end)
    if (previous === undefined) this.#farPrevious.clear()
    else this.#farPrevious.set(previous)
  }

  remove(start: number): void {
    this.#state.setCurrentNamespace(start)
    this.#near.clear()
    this.#farEnd.clear()
    this.#farPrevious.clear()
  }
}

function isNear(distance: number): boolean {
  return distance < SPAN && Number.isInteger(distance)
}
