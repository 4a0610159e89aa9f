/**
 * The key (and namespace) that tables are asked for, in the form in which rows store keys: header and four words, or,
 * for keys longer than 16 bytes, the header and the key itself. One per backend, set again for every record and then
 * compared with any number of rows. Must not know tables or backends. Setting a string or number allocates nothing.
 * Invariant: -0 is 0, NaN equals NaN, and '1' differs from 1.
 */

import { assert } from '../assert.ts'
import { murmurWords } from '../hash.ts'
import { encodeKey } from '../serializer.ts'
import { isAscii, writeBytes, writeUtf16 } from './page-bytes.ts'
import { INLINE_KEY_BYTES, KEY_IN_ARENA } from './row-layout.ts'
import { KEY_ASCII, KEY_ENCODED, KEY_NUMBER, KEY_UTF16 } from './stored-key.ts'

const NO_BYTES = new Uint8Array(0)

export class LookupKey {
  /** Where other keys than short ASCII strings are put together. */
  readonly #scratch = new DataView(new ArrayBuffer(INLINE_KEY_BYTES))
  #value: unknown = undefined
  #hash = 0
  #group = -1
  #kind = 0
  #length = 0
  #header = 0
  #word0 = 0
  #word1 = 0
  #word2 = 0
  #word3 = 0
  #encoded: Uint8Array = NO_BYTES
  #namespace = 0
  #namespaceHash = 0

  /** The key as it was given. */
  get value(): unknown {
    return this.#value
  }

  get hash(): number {
    return this.#hash
  }

  /** The key group, or -1 as long as no key was set. */
  get group(): number {
    return this.#group
  }

  get kind(): number {
    return this.#kind
  }

  /** In bytes. */
  get length(): number {
    return this.#length
  }

  get isInline(): boolean {
    return this.#length <= INLINE_KEY_BYTES
  }

  /** The word at META_AT of the key's row, with value tag 0. */
  get header(): number {
    return this.#header
  }

  /** The words of an inline key, padded with zeros. */
  get word0(): number {
    return this.#word0
  }
  get word1(): number {
    return this.#word1
  }
  get word2(): number {
    return this.#word2
  }
  get word3(): number {
    return this.#word3
  }

  /** The key, if it is a string. */
  get text(): string {
    return typeof this.#value === 'string' ? this.#value : ''
  }

  /** The bytes of a key that is neither string nor number. */
  get encoded(): Uint8Array {
    return this.#encoded
  }

  get namespace(): number {
    return this.#namespace
  }

  /** What tables with namespaces combine with `hash`. */
  get namespaceHash(): number {
    return this.#namespaceHash
  }

  set(key: unknown, hash: number, group: number): void {
    this.#value = key
    this.#hash = hash
    this.#group = group
    if (typeof key !== 'string') this.#setOther(key)
    else if (key.length > INLINE_KEY_BYTES || !this.#packAscii(key)) this.#setText(key)
  }

  setNamespace(namespace: number): void {
    assert(!Number.isNaN(namespace), 'A namespace must not be NaN.')
    this.#namespace = namespace === 0 ? 0 : namespace
    this.#scratch.setFloat64(0, this.#namespace, true)
    this.#namespaceHash = hashNamespace(this.#scratch, 0)
  }

  /** The case that counts: a string of up to 16 characters. False if one of them is not ASCII. */
  #packAscii(key: string): boolean {
    const length = key.length
    const word0 = packWord(key, 0, length)
    const word1 = length > 4 ? packWord(key, 4, length) : 0
    const word2 = length > 8 ? packWord(key, 8, length) : 0
    const word3 = length > 12 ? packWord(key, 12, length) : 0
    if ((word0 | word1 | word2 | word3) < 0) return false
    this.#kind = KEY_ASCII
    this.#length = length
    this.#header = (KEY_ASCII << 4) | (length << 8)
    this.#word0 = word0
    this.#word1 = word1
    this.#word2 = word2
    this.#word3 = word3
    return true
  }

  #setText(key: string): void {
    const isOneByte = isAscii(key)
    const length = isOneByte ? key.length : key.length * 2
    if (this.#describe(isOneByte ? KEY_ASCII : KEY_UTF16, length)) {
      writeUtf16(key, this.#scratch, 0)
      this.#takeWords()
    }
  }

  #setOther(key: unknown): void {
    if (typeof key === 'number') {
      this.#describe(KEY_NUMBER, 8)
      this.#scratch.setFloat64(0, key === 0 ? 0 : key, true)
      this.#takeWords()
      return
    }
    this.#encoded = encodeKey(key)
    if (this.#describe(KEY_ENCODED, this.#encoded.length)) {
      writeBytes(this.#encoded, this.#scratch, 0)
      this.#takeWords()
    }
  }

  /** Sets kind, length and header; true, with a cleared scratch, if the key fits into a row. */
  #describe(kind: number, length: number): boolean {
    const isInline = length <= INLINE_KEY_BYTES
    this.#kind = kind
    this.#length = length
    this.#header = (kind << 4) | ((isInline ? length : KEY_IN_ARENA) << 8)
    for (let at = 0; at < INLINE_KEY_BYTES; at += 4) this.#scratch.setInt32(at, 0, true)
    return isInline
  }

  #takeWords(): void {
    this.#word0 = this.#scratch.getInt32(0, true)
    this.#word1 = this.#scratch.getInt32(4, true)
    this.#word2 = this.#scratch.getInt32(8, true)
    this.#word3 = this.#scratch.getInt32(12, true)
  }
}

/** The hash of the namespace that stands in `view` at `offset`. */
export function hashNamespace(view: DataView, offset: number): number {
  return murmurWords(view.getInt32(offset, true), view.getInt32(offset + 4, true))
}

/** Up to four ASCII characters from `at` on as a word; -1, which no ASCII has, if there is another character. */
function packWord(key: string, at: number, length: number): number {
  if (at + 4 <= length) {
    const a = key.charCodeAt(at)
    const b = key.charCodeAt(at + 1)
    const c = key.charCodeAt(at + 2)
    const d = key.charCodeAt(at + 3)
    return (a | b | c | d) < 0x80 ? a | (b << 8) | (c << 16) | (d << 24) : -1
  }
  let word = 0
  let seen = 0
  for (let i = length - 1; i >= at; i -= 1) {
    const unit = key.charCodeAt(i)
    seen |= unit
    word = (word << 8) | unit
  }
  return seen < 0x80 ? word : -1
}
