/**
 * Serializers: values to bytes and back. The only home of the codec library (msgpackr) and of text encoding.
 * Must not know tables, state or Kafka. Bytes are the same in Node and in browsers and depend only on the value
 * (objects: in insertion order); nothing is shared between two messages; a decoded value is always fresh.
 * Invariant: decode(encode(x)) equals x, including NaN, -0 and undefined, or encode throws one sentence.
 * Source: Flink TypeSerializer; MessagePack specification.
 */

import { addExtension, Packr } from 'msgpackr/pack'
import { present, unreachable } from './assert.ts'
import { ConfigurationError } from './errors.ts'
import { murmur3_32, murmurString, murmurWords } from './hash.ts'

/** Deterministic parts of the platform that ES2023 does not declare. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string
}

/** Turns values into bytes and back. `name` is stored in snapshots and must stay stable. */
export interface Serializer<T> {
  readonly name: string
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

/** UTF-8. Lone surrogates, which have no UTF-8 form, become U+FFFD; malformed bytes decode to U+FFFD. */
export const text: Serializer<string> = {
  name: 'text',
  encode: encodeText,
  decode: (bytes) => decoder.decode(bytes),
}

/** The encoder's call costs more than a short text: ASCII, the usual case, is copied here. */
const SHORT_TEXT = 64

function encodeText(value: string): Uint8Array {
  const { length } = value
  if (length > SHORT_TEXT) return encoder.encode(value)
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i)
    if (code > 0x7f) return encoder.encode(value)
    bytes[i] = code
  }
  return bytes
}

/** Eight bytes, little-endian float64. */
export const number: Serializer<number> = {
  name: 'number',
  encode(value) {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value, true)
    return bytes
  },
  decode: (bytes) =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getFloat64(0, true),
}

/** JSON text in UTF-8, with JSON's losses (NaN, undefined, Map); for Kafka values, not for state. */
export const json: Serializer<unknown> = {
  name: 'json',
  encode: (value) => encoder.encode(JSON.stringify(value) ?? 'null'),
  decode: (bytes) => JSON.parse(decoder.decode(bytes)),
}

/** `json` where every value is known to be a T; nothing checks that it is one. */
export function jsonOf<T>(): Serializer<T> {
  return json as Serializer<T>
}

/**
 * The generic codec: null, undefined, booleans, numbers, big integers, strings, arrays, plain objects, Map, Set, Date
 * and typed arrays, nested up to 100 levels. Anything else throws a ConfigurationError.
 */
export const binary: Serializer<unknown> = {
  name: 'binary',
  encode(value) {
    const packed = packr.pack(packable(value, 0))
    return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength)
  },
  // msgpackr leaves a property on what it is given.
  decode: (bytes) => packr.unpack(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
}

/**
 * The bytes of a key: one byte for its type, so that '1' and 1 differ, then the key. Equal keys have equal bytes; objects
 * are equal if their fields are equal and in the same order. -0 is 0.
 */
export function encodeKey(key: unknown): Uint8Array {
  const plain = typeof key === 'string' ? plainTextKey(key) : null
  if (plain !== null) return plain
  const [tag, bytes] = taggedKey(key)
  const tagged = new Uint8Array(bytes.length + 1)
  tagged[0] = tag
  tagged.set(bytes, 1)
  return tagged
}

/** The key that `encodeKey` was given (0 for -0). */
export function decodeKey(bytes: Uint8Array): unknown {
  const key = bytes.subarray(1)
  if (bytes[0] === TEXT_KEY) return text.decode(key)
  return bytes[0] === NUMBER_KEY ? number.decode(key) : binary.decode(key)
}

/** The hash that travels with a record from keyBy on (signed 32 bits): murmur3 of the key's bytes without their tag. */
export function hashKey(key: unknown): number {
  if (typeof key === 'string') return murmurString(key)
  if (typeof key === 'number') {
    scratch.setFloat64(0, canonical(key), true)
    return murmurWords(scratch.getInt32(0, true), scratch.getInt32(4, true))
  }
  return murmur3_32(taggedKey(key)[1])
}

const TEXT_KEY = 1
const NUMBER_KEY = 2
const OTHER_KEY = 3

/** Overwritten by every use; nothing is kept in it. */
const scratch = new DataView(new ArrayBuffer(8))

function canonical(key: number): number {
  return key === 0 ? 0 : key
}

/** The bytes of most keys, made in one go; null if the text is not plain ASCII. */
function plainTextKey(key: string): Uint8Array | null {
  const tagged = new Uint8Array(key.length + 1)
  tagged[0] = TEXT_KEY
  for (let i = 0; i < key.length; i += 1) {
    const code = key.charCodeAt(i)
    if (code > 0x7f) return null
    tagged[i + 1] = code
  }
  return tagged
}

function taggedKey(key: unknown): readonly [tag: number, bytes: Uint8Array] {
  if (typeof key === 'string' && !isIllFormed(key)) return [TEXT_KEY, text.encode(key)]
  if (typeof key === 'number') return [NUMBER_KEY, number.encode(canonical(key))]
  if (key === undefined) {
    throw new ConfigurationError(
      'undefined-key',
      'A key must not be undefined: make the function given to keyBy return a value for every record.',
    )
  }
  return [OTHER_KEY, binary.encode(key)]
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const DEPTH_MAX = 100
const LONE_SURROGATE = /\p{Surrogate}/u

const TYPED_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const

const KINDS = ['minus-zero', 'bigint', 'units', 'map', 'set', 'typed-array', 'record'] as const

type Kind = (typeof KINDS)[number]

/** What MessagePack has no form for, or msgpackr not the same form everywhere; `parts` are plain MessagePack. */
class Extended {
  readonly kind: Kind
  readonly parts: readonly unknown[]
  constructor(kind: Kind, parts: readonly unknown[] = []) {
    this.kind = kind
    this.parts = parts
  }
}

const MINUS_ZERO = new Extended('minus-zero')

addExtension({
  Class: Extended,
  type: 1,
  write: ({ kind, parts }: Extended) => [KINDS.indexOf(kind), ...parts],
  read: ([kind, ...parts]: [number, ...unknown[]]) => revive(KINDS[kind], parts),
})

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  moreTypes: false,
  useToJSON: false,
  int64AsType: 'bigint',
})

/** The value itself if msgpackr keeps it as it is, else a copy with `Extended` parts. */
function packable(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? MINUS_ZERO : value
    case 'string':
      return isIllFormed(value) ? new Extended('units', unitsOf(value)) : value
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? value : new Extended('bigint', [String(value)])
    case 'boolean':
    case 'undefined':
      return value
    case 'object':
      return value === null ? null : packableObject(value, depth + 1)
    default:
      throw unsupported(`a ${typeof value}`)
  }
}

function packableObject(value: object, depth: number): unknown {
  if (depth > DEPTH_MAX) {
    throw unsupported(`an object that is cyclic or nested deeper than ${DEPTH_MAX} levels`)
  }
  if (Array.isArray(value)) return packableList(value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return packableRecord(value, depth)
  if (value instanceof Map) return new Extended('map', packableList([...value].flat(), depth))
  if (value instanceof Set) return new Extended('set', packableList([...value], depth))
  if (ArrayBuffer.isView(value)) {
    const type = TYPED_ARRAYS.findIndex((candidate) => value instanceof candidate)
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    if (type >= 0) return new Extended('typed-array', [type, bytes])
  }
  if (Object.prototype.toString.call(value) === '[object Date]') return value
  throw unsupported(`an instance of class ${value.constructor.name}`)
}

function packableList(items: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined
  for (let i = 0; i < items.length; i += 1) {
    const item = packable(items[i], depth)
    if (copy === undefined && !Object.is(item, items[i])) copy = items.slice(0, i)
    copy?.push(item)
  }
  return copy ?? items
}

function packableRecord(value: object, depth: number): object {
  // A Map is packed as a MessagePack map, like an object.
  let copy: Map<string, unknown> | undefined
  const fields = Object.entries(value)
  for (let i = 0; i < fields.length; i += 1) {
    const [name, field] = present(fields[i], 'A field is missing.')
    if (name === '__proto__' || isIllFormed(name)) {
      return new Extended('record', packableList(fields.flat(), depth))
    }
    const item = packable(field, depth)
    if (copy === undefined && !Object.is(item, field)) copy = new Map(fields.slice(0, i))
    copy?.set(name, item)
  }
  return copy ?? value
}

/** Whether the string has a lone surrogate, so that UTF-8 would change it. */
function isIllFormed(value: string): boolean {
  for (let i = 0; i < value.length; i += 1) {
    if ((value.charCodeAt(i) & 0xf800) === 0xd800) return LONE_SURROGATE.test(value)
  }
  return false
}

function revive(kind: Kind | undefined, parts: readonly unknown[]): unknown {
  switch (kind) {
    case 'minus-zero':
      return -0
    case 'bigint':
      return BigInt(String(parts[0]))
    case 'units':
      return parts.map((unit) => String.fromCharCode(Number(unit))).join('')
    case 'map':
      return new Map(pairsOf(parts))
    case 'record':
      return Object.fromEntries(pairsOf(parts).map(([name, field]) => [String(name), field]))
    case 'set':
      return new Set(parts)
    case 'typed-array':
      return reviveTypedArray(Number(parts[0]), parts[1])
    case undefined:
      throw new ConfigurationError('corrupt-value', 'A stored value has an unknown form.')
    default:
      return unreachable(kind)
  }
}

function pairsOf(parts: readonly unknown[]): (readonly [unknown, unknown])[] {
  return Array.from({ length: parts.length / 2 }, (_, i) => [parts[i * 2], parts[i * 2 + 1]])
}

function reviveTypedArray(type: number, bytes: unknown): unknown {
  const constructor = TYPED_ARRAYS[type]
  if (constructor === undefined || !(bytes instanceof Uint8Array)) {
    throw new ConfigurationError('corrupt-value', 'A stored typed array has an unknown form.')
  }
  const copy = new Uint8Array(bytes)
  return new constructor(copy.buffer, 0, copy.length / constructor.BYTES_PER_ELEMENT)
}

function unitsOf(value: string): number[] {
  return Array.from({ length: value.length }, (_, i) => value.charCodeAt(i))
}

function unsupported(what: string): ConfigurationError {
  return new ConfigurationError(
    'unsupported-value',
    `The binary serializer cannot store ${what}: it takes null, undefined, booleans, numbers, big integers, ` +
      'strings, arrays, plain objects, Map, Set, Date and typed arrays. Store one of these or pass a serializer of your own.',
  )
}
