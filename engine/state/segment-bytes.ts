/**
 * Writing and reading the bytes of snapshot segments: little-endian words, strings, and pages copied as they are.
 * Must not know tables. Invariant: the reader takes things in the order and sizes in which they were written, and throws
 * a CorruptStateError instead of reading beyond the end.
 */

import { text } from '../serializer.ts'
import { checkIntact, CorruptStateError } from './corrupt-state-error.ts'

export class SegmentWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView<ArrayBuffer>
  #length = 0

  /** `sizeHint`: with the exact size nothing is copied twice. */
  constructor(sizeHint: number) {
    this.#bytes = new Uint8Array(sizeHint)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  u32(word: number): void {
    const at = this.#reserve(4)
    this.#view.setUint32(at, word, true)
  }

  u8(byte: number): void {
    const at = this.#reserve(1)
    this.#view.setUint8(at, byte)
  }

  /** A number from 0 to 2^32 - 1 in one to five bytes, seven bits in each. */
  varint(value: number): void {
    let rest = value
    while (rest > 0x7f) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.u8(rest)
  }

  f64(value: number): void {
    const at = this.#reserve(8)
    this.#view.setFloat64(at, value, true)
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length)
    this.#bytes.set(value, at)
  }

  /** What a short value has from `begin` on. */
  tail(value: Uint8Array, begin: number): void {
    const at = this.#reserve(value.length - begin) - begin
    for (let i = begin; i < value.length; i += 1) this.#bytes[at + i] = value[i] ?? 0
  }

  /** Overwrites a word written before. */
  setU32(at: number, word: number): void {
    this.#view.setUint32(at, word, true)
  }

  text(value: string): void {
    const bytes = text.encode(value)
    this.u32(bytes.length)
    this.bytes(bytes)
  }

  /** The first `length` bytes of the concatenated pages, of which each stands for `pageBytes`. */
  pages(pages: readonly DataView[], pageBytes: number, length: number): void {
    const begin = this.#reserve(length)
    for (const [index, page] of pages.entries()) {
      const size = Math.min(page.byteLength, length - index * pageBytes)
      if (size <= 0) continue
      const bytes = new Uint8Array(page.buffer, page.byteOffset, size)
      this.#bytes.set(bytes, begin + index * pageBytes)
    }
  }

  /** What was written from `begin` on, in place. */
  written(begin: number): Uint8Array {
    return this.#bytes.subarray(begin, this.#length)
  }

  finish(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length)
  }

  #reserve(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length * 2, 64))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}

export class SegmentReader {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Bytes not read yet. */
  get rest(): number {
    return this.#view.byteLength - this.#at
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new CorruptStateError('A number has more than five bytes.')
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  /** Fills `target` from `begin` on with the next bytes. */
  copyTo(target: Uint8Array, begin: number): void {
    const at = this.#take(target.length - begin) - begin
    for (let i = begin; i < target.length; i += 1) target[i] = this.#view.getUint8(at + i)
  }

  /** The next `length` bytes, in place. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length)
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length)
  }

  text(): string {
    return text.decode(this.bytes(this.u32()))
  }

  /** The next `length` bytes, in place. */
  window(length: number): DataView {
    const at = this.#take(length)
    return new DataView(this.#view.buffer, this.#view.byteOffset + at, length)
  }

  /** The next `length` bytes as pages of `pageBytes`, in place. */
  pages(pageBytes: number, length: number): DataView[] {
    if (length <= pageBytes) return length === 0 ? [] : [this.window(length)]
    const pages: DataView[] = []
    for (let rest = length; rest > 0; rest -= pageBytes) {
      pages.push(this.window(Math.min(rest, pageBytes)))
    }
    return pages
  }

  #take(length: number): number {
    checkIntact(length <= this.rest, `A segment ends ${length - this.rest} bytes too early.`)
    const at = this.#at
    this.#at += length
    return at
  }
}
