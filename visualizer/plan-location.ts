/** Where the page keeps its plan: the address bar, or nothing at all in a test or an embedding page. */

export interface PlanLocation {
  /** The hash, with `#`; empty when there is none. */
  read(): string
  /** `push` leaves the former plan one step back in the history. */
  write(hash: string, mode: 'push' | 'replace'): void
  /** The full address, for copying. */
  href(): string
  /** Calls back when the reader went to another hash; returns the function that ends it. */
  onChange(listener: () => void): () => void
}

export class HashLocation implements PlanLocation {
  readonly #window: Window

  constructor(window: Window) {
    this.#window = window
  }

  read(): string {
    return this.#window.location.hash
  }

  write(hash: string, mode: 'push' | 'replace'): void {
    if (mode === 'push') this.#window.history.pushState(null, '', hash)
    else this.#window.history.replaceState(null, '', hash)
  }

  href(): string {
    return this.#window.location.href
  }

  onChange(listener: () => void): () => void {
    this.#window.addEventListener('popstate', listener)
    return () => this.#window.removeEventListener('popstate', listener)
  }
}

/** An address that exists only here. */
export class MemoryLocation implements PlanLocation {
  #hash: string

  constructor(hash = '') {
    this.#hash = hash
  }

  read(): string {
    return this.#hash
  }

  write(hash: string): void {
    this.#hash = hash
  }

  href(): string {
    return this.#hash
  }

  onChange(): () => void {
    return () => undefined
  }
}
