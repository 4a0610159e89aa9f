/**
 * The whole states that a changelog backend stored or is storing, each as of a line: what the changes behind it are
 * changes of. A snapshot may name one that its base named, or one that no checkpoint named so far; one that only
 * checkpoints named which are not completed may be gone with them. Must not know logs or how states are stored.
 */

import type { StoredObject } from '../../checkpoint/snapshot-handle.ts'
import type { CheckpointId } from '../../ids.ts'
import type { LogLine } from './state-log.ts'

export class WholeState {
  readonly line: LogLine
  /** Runs, newest first; null: it is not stored yet. Nothing needs no object. */
  objects: readonly StoredObject[] | null
  readonly #names = new Set<CheckpointId>()

  constructor(line: LogLine, objects: readonly StoredObject[] | null, namedBy?: CheckpointId) {
    this.line = line
    this.objects = objects
    if (namedBy !== undefined) this.#names.add(namedBy)
  }

  /** It is stored, and belongs to nobody yet. */
  get isUnnamed(): boolean {
    return this.objects !== null && this.objects.length > 0 && this.#names.size === 0
  }

  isNamedBy(checkpoint: CheckpointId | null): boolean {
    return checkpoint !== null && this.#names.has(checkpoint)
  }

  isNamedBehind(checkpoint: CheckpointId): boolean {
    return [...this.#names].some((name) => name > checkpoint)
  }

  mayBeNamed(base: CheckpointId | null): boolean {
    if (this.objects === null) return false
    return this.objects.length === 0 || this.#names.size === 0 || this.isNamedBy(base)
  }

  name(checkpoint: CheckpointId): void {
    this.#names.add(checkpoint)
  }

  /** The snapshot was given up before anybody heard of it. */
  forget(checkpoint: CheckpointId): void {
    this.#names.delete(checkpoint)
  }
}

/** Those that may still be needed, oldest first. */
export class WholeStates {
  #states: readonly WholeState[] = []

  get all(): readonly WholeState[] {
    return this.#states
  }

  add(state: WholeState): void {
    this.#states = [...this.#states, state].toSorted((a, b) => a.line - b.line)
  }

  clear(): void {
    this.#states = []
  }

  /** The newest that a snapshot upon `base` may name, if the log reaches from there. */
  find(base: CheckpointId | null, reaches: (from: LogLine) => boolean): WholeState | undefined {
    return this.#states.findLast((state) => state.mayBeNamed(base) && reaches(state.line))
  }

  /** Forgets what the completed checkpoint can do without; the line from which on changes are needed, if it has moved. */
  complete(base: CheckpointId): LogLine | null {
    const newest = this.#states.findLast((state) => state.isNamedBy(base))
    if (newest === undefined) return null
    const left = this.#states.filter(
      (state) => state.line >= newest.line || state.isNamedBehind(base),
    )
    if (left.length === this.#states.length) return null
    this.#states = left
    return left[0]?.line ?? null
  }
}
