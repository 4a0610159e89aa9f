/**
 * Makes `ip,bytes` lines with the shape of a real web server's log: some 1 750 addresses in 10 000 lines (of 2 150 visitors whose
 * frequencies fall like 1/rank, Zipf), response sizes with a heavy tail, 7 % without a body, a few lines that are not records at all.
 * Shape after a published log of 10 000 lines (4 days of one server, May 2015). Integers only.
 */
import { Randomness } from '../world/randomness.ts'
import { parametersOf } from './parameters.ts'
import type { Parameters } from './parameters.ts'

const DEFAULTS = { records: 10_000, addresses: 2150, malformedPerMille: 1 } as const

/** Parameters: `records`, `addresses`, `malformedPerMille`. */
export function trafficLines(params: Parameters, seed: number): string[] {
  const { records, addresses, malformedPerMille } = parametersOf('traffic', DEFAULTS, params)
  const random = new Randomness(seed)
  const cumulative = zipfWeights(Math.max(1, addresses))
  const total = cumulative.at(-1) ?? 1
  const lines: string[] = []
  for (let i = 0; i < records; i++) {
    if (random.draw('malformed', 1000) < malformedPerMille) {
      lines.push(malformedLine(random))
      continue
    }
    const rank = rankOf(cumulative, random.draw('address', total))
    lines.push(`${addressOf(rank)},${sizeOf(random)}`)
  }
  return lines
}

/** Cumulative weights proportional to 1/(rank + 8): the head of a log is flatter than pure Zipf. */
function zipfWeights(addresses: number): number[] {
  const cumulative: number[] = []
  let sum = 0
  for (let rank = 0; rank < addresses; rank++) {
    sum += Math.floor(10_000_000 / (rank + 8))
    cumulative.push(sum)
  }
  return cumulative
}

function rankOf(cumulative: readonly number[], point: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulative[middle] ?? 0) > point) high = middle
    else low = middle + 1
  }
  return low
}

/** A fixed, public-looking address for each rank; no two ranks share one. */
function addressOf(rank: number): string {
  const scattered = Math.imul(rank + 1, 0x9e3779b1) >>> 0
  return `${(scattered >>> 28) + 20}.${(scattered >>> 20) & 0xff}.${rank >> 8}.${rank & 0xff}`
}

/** 0, or a size whose power of two falls off geometrically: 72 in 100 reach the next one, up to 128 MiB. */
function sizeOf(random: Randomness): number {
  if (random.draw('empty', 100) < 7) return 0
  let base = 256
  while (base < 0x400_0000 && random.draw('octave', 100) < 72) base *= 2
  return base + random.draw('size', base)
}

function malformedLine(random: Randomness): string {
  const forms = [
    '',
    'GET / HTTP/1.1',
    '10.0.0.1',
    '10.0.0.1,many',
    '\u0016\u0003\u0001',
    'ip;bytes',
  ]
  return forms[random.draw('form', forms.length)] ?? ''
}
