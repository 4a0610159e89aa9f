/**
 * Where the splits of a job stand, as far as the trace tells: before a failure and after it. Must not know recoveries.
 * Positions from before a failure are those that the readers told last, so they are up to 100 ms old. A split is caught up
 * with when its lag is what it was before the failure: with steady input there is always some.
 */

/** So many lags before a failure say what is usual: those of about a second. */
const LAGS = 10

interface SplitEvent {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export class SplitPositions {
  /** Of every split that was ever read: a restart reads them all again, also those that it assigns anew. */
  readonly #positions = new Map<string, number>()
  #atFailure: ReadonlyMap<string, number> = new Map()
  readonly #notRegained = new Set<string>()
  readonly #behind = new Set<string>()
  /** The lags that each reader told last, the newest last; none since the restart: it tells only that it is at the end. */
  readonly #lags = new Map<string, readonly number[]>()
  #usualLags: ReadonlyMap<string, readonly number[]> = new Map()

  start(event: SplitEvent): void {
    this.#positions.set(nameOf(event), event.offset)
    this.#behind.add(nameOf(event))
    this.#checkRegained(event)
  }

  advance(event: SplitEvent & { readonly lag: number }): void {
    const split = nameOf(event)
    this.#positions.set(split, event.offset)
    this.#checkRegained(event)
    this.#lags.set(split, [...(this.#lags.get(split) ?? []), event.lag].slice(-LAGS))
    if (event.lag <= Math.max(0, ...(this.#usualLags.get(split) ?? []))) this.#behind.delete(split)
  }

  catchUp(event: SplitEvent): void {
    const split = nameOf(event)
    this.#positions.set(split, event.offset)
    this.#notRegained.delete(split)
    if (!this.#lags.has(split)) this.#behind.delete(split)
  }

  fail(): void {
    this.#atFailure = new Map(this.#positions)
    this.#usualLags = new Map(this.#lags)
  }

  /** Every split is behind, until its new reader tells otherwise. */
  restart(): void {
    this.#lags.clear()
    for (const split of this.#positions.keys()) {
      this.#behind.add(split)
      this.#notRegained.add(split)
    }
  }

  get areRegained(): boolean {
    return this.#notRegained.size === 0
  }

  get areCaughtUp(): boolean {
    return this.#behind.size === 0
  }

  #checkRegained(event: SplitEvent): void {
    const before = this.#atFailure.get(nameOf(event))
    if (before === undefined || event.offset >= before) this.#notRegained.delete(nameOf(event))
  }
}

function nameOf({ topic, partition }: SplitEvent): string {
  return `${topic}/${partition}`
}
