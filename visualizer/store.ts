/** The page's only mutable UI state: one immutable value, replaced by `set`, watched by `subscribe`. */

export interface Store<T> {
  get(): T
  /** Replaces the named fields; listeners hear of it once, and only if something changed. */
  set(change: Partial<T>): void
  /** Returns the function that ends the subscription. */
  subscribe(listener: (value: T, before: T) => void): () => void
}

export function createStore<T extends object>(initial: T): Store<T> {
  let value = initial
  const listeners = new Set<(value: T, before: T) => void>()
  return {
    get: () => value,
    set(change) {
      const before = value
      const next = { ...value, ...change }
      if ((Object.keys(change) as (keyof T)[]).every((key) => Object.is(next[key], before[key])))
        return
      value = next
      for (const listener of listeners) listener(value, before)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
