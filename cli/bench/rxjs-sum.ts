/** The keyed sum as one writes it with RxJS: one group per key, each with a running scan. */
import { from, groupBy, map, mergeMap, scan } from 'rxjs'

/** Runs over `records` records of the pool; returns how many sums came out. */
export function rxjsSum(pool: readonly string[], records: number): Promise<number> {
  const mask = pool.length - 1
  const lines = function* (): Generator<string> {
    for (let i = 0; i < records; i++) yield pool[i & mask] ?? ''
  }
  return new Promise((resolve, reject) => {
    let sums = 0
    from(lines())
      .pipe(
        map((line) => {
          const comma = line.indexOf(',')
          return { ip: line.slice(0, comma), bytes: Number(line.slice(comma + 1)) }
        }),
        groupBy((event) => event.ip),
        mergeMap((group) => group.pipe(scan((sum, event) => sum + event.bytes, 0))),
      )
      .subscribe({
        next: () => {
          sums += 1
        },
        error: reject,
        complete: () => {
          resolve(sums)
        },
      })
  })
}
