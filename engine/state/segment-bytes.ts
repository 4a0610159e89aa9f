/**
 * Writing and reading the bytes of snapshot segments: little-endian words, strings, and pages copied as they are.
 * Must not know tables. Invariant: the reader takes things in the order and sizes in which they were written, and throws
 * a CorruptStateError instead of reading beyond the end.
 */

import { assert } from '../assert.ts'
import { concatenate } from '../concatenate.ts'
import { text } from '../serializer.ts'
import { checkIntact, CorruptStateError } from './corrupt-state-error.ts'

export class SegmentWriter {
  /** What lies before the current piece. */
  readonly #pieces: Uint8Array[] = []
  #piecesLength = 0
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView<ArrayBuffer>
  /** Where the current piece begins and ends in the buffer. */
  #begin = 0
  #end = 0

  /** `sizeHint`: what is copied. If it is enough nothing is copied twice. */
  constructor(sizeHint: number) {
    this.#bytes = new Uint8Array(sizeHint)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#piecesLength + this.#end - this.#begin
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

  text(value: string): void {
    const bytes = text.encode(value)
    this.u32(bytes.length)
    this.bytes(bytes)
  }

  /**
   * The first `length` bytes of the concatenated pages, of which each stands for `pageBytes`. Pages with at least
   * `lendMin` bytes become pieces of their own, without a copy; what is missing between pages is zero.
   */
  pages(pages: readonly DataView[], pageBytes: number, length: number, lendMin: number): void {
    let written = 0
    for (const [index, page] of pages.entries()) {
      const begin = index * pageBytes
      const size = Math.min(page.byteLength, length - begin)
      if (size <= 0) continue
      this.#reserve(begin - written)
      const bytes = new Uint8Array(page.buffer, page.byteOffset, size)
      if (size >= lendMin) this.#lend(bytes)
      else this.bytes(bytes)
      written = begin + size
    }
    this.#reserve(length - written)
  }

  /** What was written from `begin` on, in place. Nothing may be lent behind `begin`. */
  written(begin: number): Uint8Array {
    const at = this.#begin + begin - this.#piecesLength
    assert(at >= this.#begin, 'Bytes in front of a lent page are read in place.')
    return this.#bytes.subarray(at, this.#end)
  }

  /** The pieces; the word at `lengthAt` becomes their length. */
  finish(lengthAt?: number): Uint8Array[] {
    this.#closePiece()
    const [first] = this.#pieces
    if (lengthAt !== undefined && first !== undefined) {
      new DataView(first.buffer, first.byteOffset).setUint32(lengthAt, this.#piecesLength, true)
    }
    return this.#pieces
  }

  /** Everything in one array that is no larger. */
  finishWhole(): Uint8Array {
    const pieces = this.finish()
    const [only] = pieces
    const isExact = pieces.length === 1 && only?.length === only?.buffer.byteLength
    return isExact && only !== undefined ? only : concatenate(pieces)
  }

  #lend(bytes: Uint8Array): void {
    this.#closePiece()
    this.#pieces.push(bytes)
    this.#piecesLength += bytes.length
  }

  #closePiece(): void {
    if (this.#begin === this.#end) return
    this.#pieces.push(this.#bytes.subarray(this.#begin, this.#end))
    this.#piecesLength += this.#end - this.#begin
    this.#begin = this.#end
  }

  #reserve(length: number): number {
    if (this.#end + length > this.#bytes.length) this.#grow(length)
    const at = this.#end
    this.#end += length
    return at
  }

  /** A new buffer with the current piece, which must stay in one: the others keep the old one. */
  #grow(length: number): void {
    const size = this.#end - this.#begin
    const larger = new Uint8Array(Math.max((size + length) * 2, 64))
    larger.set(this.#bytes.subarray(this.#begin, this.#end))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
    this.#begin = 0
    this.#end = size
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
