/**
 * Elements of lists, and keys and values of maps, as states hold them: primitives as they are, everything else as bytes,
 * so that nothing is shared with what functions hold. Must not know lists or maps.
 * Invariant: what is loaded equals what was stored, and is fresh; bytes are never a user's value.
 */

import { binary, type Serializer } from '../serializer.ts'
import { checkIntact } from './corrupt-state-error.ts'
import { isAscii } from './page-bytes.ts'
import type { SegmentReader, SegmentWriter } from './segment-bytes.ts'
import { unserializable } from './unserializable.ts'

export type StoredElement = Uint8Array | string | number | bigint | boolean | null | undefined

const NUMBER = 1
const ASCII = 2
/** Encoded by the state's serializer. */
const BYTES = 3
/** Any other primitive, through `binary`. */
const PRIMITIVE = 4

/** Stores elements of one state. Without a serializer of the job, primitives stay and objects go through `binary`. */
export class ElementCodec<T> {
  readonly #state: string
  readonly #serializer: Serializer<T> | undefined

  constructor(state: string, serializer: Serializer<T> | undefined) {
    this.#state = state
    this.#serializer = serializer
  }

  /** Throws a ConfigurationError if the value cannot be stored. */
  store(value: T): StoredElement {
    if (this.#serializer === undefined && isPrimitive(value)) return value
    try {
      const bytes = this.#serializer?.encode(value) ?? binary.encode(value)
      // An encoder may hand out a window of a large buffer: keep only what is needed.
      return bytes.slice()
    } catch (error) {
      throw unserializable(this.#state, error)
    }
  }

  load(stored: StoredElement): T {
    // The descriptor's type is the user's promise about what is stored under its name.
    return inspectElement(stored, binary.name, this.#serializer) as T
  }
}

/** The value; its bytes, if they were written by a serializer that is not known. */
export function inspectElement(
  stored: StoredElement,
  name: string,
  serializer: Serializer<unknown> | undefined,
): unknown {
  if (!(stored instanceof Uint8Array)) return stored
  if (serializer === undefined && name === binary.name) return binary.decode(stored)
  // A serializer may keep what it is given, so it gets a copy.
  return serializer === undefined ? stored.slice() : serializer.decode(stored.slice())
}

/** About how much memory it takes. */
export function sizeOfElement(stored: StoredElement): number {
  if (typeof stored === 'string') return 16 + stored.length
  return stored instanceof Uint8Array ? 96 + stored.length : 8
}

export function writeElement(writer: SegmentWriter, stored: StoredElement): void {
  if (typeof stored === 'number') {
    writer.u8(NUMBER)
    writer.f64(stored)
    return
  }
  if (typeof stored === 'string' && isAscii(stored)) {
    writer.u8(ASCII)
    writer.text(stored)
    return
  }
  const isBytes = stored instanceof Uint8Array
  const bytes = isBytes ? stored : binary.encode(stored)
  writer.u8(isBytes ? BYTES : PRIMITIVE)
  writer.u32(bytes.length)
  writer.bytes(bytes)
}

export function readElement(reader: SegmentReader): StoredElement {
  const tag = reader.u8()
  if (tag === NUMBER) return reader.f64()
  if (tag === ASCII) return reader.text()
  checkIntact(tag === BYTES || tag === PRIMITIVE, `There is no tag ${tag} of elements.`)
  const bytes = reader.bytes(reader.u32())
  if (tag === BYTES) return bytes.slice()
  const primitive = binary.decode(bytes)
  checkIntact(isPrimitive(primitive), 'A stored primitive is an object.')
  return primitive
}

function isPrimitive(value: unknown): value is Exclude<StoredElement, Uint8Array> {
  switch (typeof value) {
    case 'object':
      return value === null
    case 'function':
    case 'symbol':
      return false
    default:
      return true
  }
}
