/**
 * Where the splits of a job stand, as far as the trace tells: before a failure and after it. Must not know recoveries.
 * Positions from before a failure are those that the readers told last, so they are up to 100 ms old.
 */

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

  start(event: SplitEvent): void {
    this.#positions.set(nameOf(event), event.offset)
    this.#behind.add(nameOf(event))
    this.#checkRegained(event)
  }

  advance(event: SplitEvent): void {
    this.#positions.set(nameOf(event), event.offset)
    this.#checkRegained(event)
  }

  catchUp(event: SplitEvent): void {
    this.advance(event)
    this.#behind.delete(nameOf(event))
    this.#notRegained.delete(nameOf(event))
  }

  fail(): void {
    this.#atFailure = new Map(this.#positions)
  }

  /** Every split is behind, until its new reader tells otherwise. */
  restart(): void {
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
