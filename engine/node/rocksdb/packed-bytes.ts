/**
 * Many byte arrays as one, to be handed to another thread without copying each: the length of every array plus one
 * (0: none is there), then its bytes. Must not know what they mean.
 */

import { assert } from '../../assert.ts'

const LENGTH_BYTES = 4
/** What is faster copied byte by byte. */
const SHORT_BYTES = 64

export class BytesPacker {
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView<ArrayBuffer>
  #length = 0

  constructor(sizeHint: number) {
    this.#bytes = new Uint8Array(sizeHint)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  add(bytes: Uint8Array | null): void {
    const at = this.#length
    const size = bytes?.length ?? 0
    this.#length += LENGTH_BYTES + size
    if (this.#length > this.#bytes.length) this.#grow()
    this.#view.setUint32(at, bytes === null ? 0 : size + 1, true)
    if (bytes === null) return
    if (size > SHORT_BYTES) this.#bytes.set(bytes, at + LENGTH_BYTES)
    else for (let i = 0; i < size; i += 1) this.#bytes[at + LENGTH_BYTES + i] = bytes[i] ?? 0
  }

  /** All that was added; the packer must not be used any more. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = new Uint8Array(this.#length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

export function packBytes(all: readonly (Uint8Array | null)[]): Uint8Array<ArrayBuffer> {
  const size = all.reduce((sum, bytes) => sum + LENGTH_BYTES + (bytes?.length ?? 0), 0)
  const packer = new BytesPacker(size)
  for (const bytes of all) packer.add(bytes)
  return packer.finish()
}

/** The byte arrays, in place. */
export function unpackBytes(packed: Uint8Array): (Uint8Array | null)[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  const all: (Uint8Array | null)[] = []
  for (let at = 0; at < packed.length;) {
    const size = view.getUint32(at, true) - 1
    at += LENGTH_BYTES
    assert(at + size <= packed.length, `Packed bytes end after ${packed.length}.`)
    all.push(size < 0 ? null : packed.subarray(at, at + size))
    at += Math.max(0, size)
  }
  return all
}
