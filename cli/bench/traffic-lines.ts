/** Lines "ip,bytes" to sum, made before anything is measured. Keys are drawn uniformly and reproducibly. */

const POOL = 1 << 20

/** A power of two of different strings; every key occurs when the pool is as large as the keys. */
export function recordPool(keys: number): string[] {
  return Array.from(draws(POOL), (draw, i) =>
    lineOf(keys >= POOL ? i : (draw >>> 4) % keys, draw % 100_000),
  )
}

/** A line of every key, in order, and behind them `POOL` lines whose keys are drawn. */
export function fullPool(keys: number): string[] {
  const pool = Array.from({ length: keys }, (_, key) => lineOf(key, key % 1000))
  for (const draw of draws(POOL)) pool.push(lineOf((draw >>> 4) % keys, draw % 100_000))
  return pool
}

/** `count` keys below `keys`. */
export function* uniformKeys(keys: number, count: number): Generator<number, undefined> {
  for (const draw of draws(count)) yield (draw >>> 4) % keys
}

export function addressOf(key: number): string {
  return `${10 + (key >>> 24)}.${(key >>> 16) & 255}.${(key >>> 8) & 255}.${key & 255}`
}

function lineOf(key: number, bytes: number): string {
  return `${addressOf(key)},${bytes}`
}

function* draws(count: number): Generator<number, undefined> {
  let state = 12345
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    yield state
  }
}
