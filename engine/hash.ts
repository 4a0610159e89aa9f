// Non-cryptographic 32-bit hashes: murmur3 for keys, xxHash32 for snapshot checksums.
// Must not know what is hashed. Results are signed 32-bit integers (as `| 0` makes them).
// Invariant: murmurString(s) equals murmur3_32 of the UTF-8 bytes of s, for every string.
// Source: Austin Appleby, MurmurHash3_x86_32; Yann Collet, xxHash specification, section XXH32.

const C1 = 0xcc9e2d51 | 0
const C2 = 0x1b873593 | 0

const P1 = 0x9e3779b1 | 0
const P2 = 0x85ebca77 | 0
const P3 = 0xc2b2ae3d | 0
const P4 = 0x27d4eb2f | 0
const P5 = 0x165667b1 | 0

export function murmur3_32(bytes: Uint8Array, seed = 0): number {
  const blocks = bytes.length & ~3
  let h = seed | 0
  // Keys are short: making a view of each would take longer than putting words together.
  for (let i = 0; i < blocks; i += 4) h = murmurBlock(h, wordAt(bytes, i))
  let tail = 0
  for (let i = bytes.length - 1; i >= blocks; i -= 1) tail = (tail << 8) | (bytes[i] ?? 0)
  return murmurFinish(murmurTail(h, tail), bytes.length)
}

/** murmur3_32 of the string's UTF-8 bytes, without allocating them. */
export function murmurString(text: string, seed = 0): number {
  const blocks = text.length & ~3
  let h = seed | 0
  let seen = 0
  for (let i = 0; i < blocks; i += 4) {
    const a = text.charCodeAt(i)
    const b = text.charCodeAt(i + 1)
    const c = text.charCodeAt(i + 2)
    const d = text.charCodeAt(i + 3)
    seen |= a | b | c | d
    h = murmurBlock(h, a | (b << 8) | (c << 16) | (d << 24))
  }
  let tail = 0
  for (let i = text.length - 1; i >= blocks; i -= 1) {
    const a = text.charCodeAt(i)
    seen |= a
    tail = (tail << 8) | a
  }
  if (seen > 0x7f) return murmurUtf8(text, seed)
  return murmurFinish(murmurTail(h, tail), text.length)
}

/** murmur3_32 of eight bytes given as two little-endian words: the key hash of a float64. */
export function murmurWords(low: number, high: number, seed = 0): number {
  return murmurFinish(murmurBlock(murmurBlock(seed | 0, low), high), 8)
}

export function xxHash32(bytes: Uint8Array, seed = 0): number {
  return new XxHash32(seed).update(bytes).digest()
}

/** xxHash32 of bytes that come in pieces. */
export class XxHash32 {
  readonly #seed: number
  readonly #lanes: Int32Array
  /** The bytes behind the last whole block of 16. */
  readonly #rest = new DataView(new ArrayBuffer(16))
  #length = 0

  constructor(seed = 0) {
    this.#seed = seed
    this.#lanes = Int32Array.of(seed + P1 + P2, seed + P2, seed, seed - P1)
  }

  update(bytes: Uint8Array): this {
    const { length } = bytes
    const taken = this.#fillRest(bytes)
    if (taken === length) return this
    const view = new DataView(bytes.buffer, bytes.byteOffset, length)
    const end = taken + ((length - taken) & ~15)
    this.#blocks(view, taken, end)
    for (let at = end; at < length; at += 1) this.#rest.setUint8(at - end, view.getUint8(at))
    this.#length += length - taken
    return this
  }

  digest(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#lanes
    const isLong = this.#length >= 16
    let h = isLong ? rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18) : this.#seed + P5
    h = (h + this.#length) | 0
    const length = this.#length & 15
    let at = 0
    for (; at + 4 <= length; at += 4) {
      h = Math.imul(rotate((h + Math.imul(this.#rest.getInt32(at, true), P3)) | 0, 17), P4)
    }
    for (; at < length; at += 1) {
      h = Math.imul(rotate((h + Math.imul(this.#rest.getUint8(at), P5)) | 0, 11), P1)
    }
    h = Math.imul(h ^ (h >>> 15), P2)
    h = Math.imul(h ^ (h >>> 13), P3)
    return h ^ (h >>> 16)
  }

  /** Completes a block that was begun; how many of the bytes that took. */
  #fillRest(bytes: Uint8Array): number {
    const filled = this.#length & 15
    if (filled === 0) return 0
    const taken = Math.min(16 - filled, bytes.length)
    for (let i = 0; i < taken; i += 1) this.#rest.setUint8(filled + i, bytes[i] ?? 0)
    this.#length += taken
    if (filled + taken === 16) this.#blocks(this.#rest, 0, 16)
    return taken
  }

  /** The lanes are local and the rounds written out: this reads every byte of every snapshot. */
  #blocks(view: DataView, begin: number, end: number): void {
    const lanes = this.#lanes
    let a = (lanes[0] ?? 0) | 0
    let b = (lanes[1] ?? 0) | 0
    let c = (lanes[2] ?? 0) | 0
    let d = (lanes[3] ?? 0) | 0
    for (let at = begin; at < end; at += 16) {
      a = (a + Math.imul(view.getInt32(at, true), P2)) | 0
      b = (b + Math.imul(view.getInt32(at + 4, true), P2)) | 0
      c = (c + Math.imul(view.getInt32(at + 8, true), P2)) | 0
      d = (d + Math.imul(view.getInt32(at + 12, true), P2)) | 0
      a = Math.imul((a << 13) | (a >>> 19), P1)
      b = Math.imul((b << 13) | (b >>> 19), P1)
      c = Math.imul((c << 13) | (c >>> 19), P1)
      d = Math.imul((d << 13) | (d >>> 19), P1)
    }
    lanes[0] = a
    lanes[1] = b
    lanes[2] = c
    lanes[3] = d
  }
}

/** Folds one more 32-bit word into a rolling hash (murmur3's block step). */
export function mixWord(hash: number, word: number): number {
  return murmurBlock(hash, word)
}

function wordAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
}

function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits))
}

function murmurTail(h: number, word: number): number {
  return h ^ Math.imul(rotate(Math.imul(word, C1), 15), C2)
}

function murmurBlock(h: number, word: number): number {
  return (Math.imul(rotate(murmurTail(h, word), 13), 5) + 0xe6546b64) | 0
}

function murmurFinish(hash: number, length: number): number {
  let h = hash ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The general case: encodes code point by code point and packs the bytes into words. */
function murmurUtf8(text: string, seed: number): number {
  let h = seed | 0
  let length = 0
  let word = 0
  const push = (byte: number): void => {
    word |= byte << ((length & 3) << 3)
    length += 1
    if ((length & 3) !== 0) return
    h = murmurBlock(h, word)
    word = 0
  }
  for (const character of text) {
    const point = scalarValue(character)
    if (point < 0x80) push(point)
    else {
      if (point < 0x800) push(0xc0 | (point >> 6))
      else {
        if (point < 0x10000) push(0xe0 | (point >> 12))
        else {
          push(0xf0 | (point >> 18))
          push(0x80 | ((point >> 12) & 0x3f))
        }
        push(0x80 | ((point >> 6) & 0x3f))
      }
      push(0x80 | (point & 0x3f))
    }
  }
  return murmurFinish(murmurTail(h, word), length)
}

/** A lone surrogate has no UTF-8 form; like TextEncoder this takes U+FFFD for it. */
function scalarValue(character: string): number {
  const point = character.codePointAt(0) ?? 0
  return point >= 0xd800 && point <= 0xdfff ? 0xfffd : point
}
