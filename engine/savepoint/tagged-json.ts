/**
 * Every value that Weir's serializers can store as JSON and back, without a loss. What JSON has no word for is an object
 * with one property that begins with `$`; an object of the user's that looks like one is written as `$object`.
 * Invariant: fromTagged(toTagged(x)) equals x, for every x that the serializer `binary` takes.
 */
import { ConfigurationError } from '../errors.ts'
import { binary } from '../serializer.ts'
import { fromBase64, toBase64 } from './base64.ts'

/** Plain JSON. */
export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/** The bytes of a value whose serializer only its job knows. */
export class RawValue {
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

const TYPED_ARRAYS = {
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  '-0': -0,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** Throws a ConfigurationError for what no serializer of Weir takes. */
export function toTagged(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) }
    case 'bigint':
      return { $bigint: String(value) }
    case 'undefined':
      return { $undefined: true }
    case 'object':
      return value === null ? null : objectToTagged(value)
    default:
      throw malformed(`a ${typeof value} is no value of a state`)
  }
}

function objectToTagged(value: object): Json {
  if (Array.isArray(value)) return value.map(toTagged)
  if (value instanceof RawValue) return { $raw: toBase64(value.bytes) }
  if (value instanceof Map) return { $map: pairsToTagged([...value]) }
  if (value instanceof Set) return { $set: [...value].map(toTagged) }
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) }
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    return { $array: [value.constructor.name, toBase64(bytes)] }
  }
  if (isDate(value)) return { $date: toTagged(value.getTime()) }
  const fields = Object.entries(value)
  const isPlain = fields.every(([name]) => !name.startsWith('$') && name !== '__proto__')
  if (!isPlain) return { $object: pairsToTagged(fields) }
  return Object.fromEntries(fields.map(([name, field]) => [name, toTagged(field)]))
}

/** Throws a ConfigurationError when the JSON has a tag that there is not, or one with a wrong content. */
export function fromTagged(json: Json): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (isList(json)) return json.map(fromTagged)
  const fields = Object.entries(json)
  const [only] = fields
  if (fields.length === 1 && only?.[0].startsWith('$') === true) return untag(only[0], only[1])
  const stray = fields.find(([name]) => name.startsWith('$') || name === '__proto__')
  if (stray !== undefined)
    throw malformed(`an object with "${stray[0]}" must be written as $object`)
  return Object.fromEntries(fields.map(([name, field]) => [name, fromTagged(field)]))
}

function untag(tag: string, content: Json): unknown {
  switch (tag) {
    case '$number':
      return numberNamed(content)
    case '$bigint':
      return bigintOf(content)
    case '$undefined':
      return undefined
    case '$raw':
      return new RawValue(bytesOf(content))
    case '$bytes':
      return bytesOf(content)
    case '$map':
      return new Map(pairsOf(content))
    case '$set':
      return new Set(listOf(content).map(fromTagged))
    case '$object':
      return objectOf(pairsOf(content))
    case '$date':
      return dateOf(fromTagged(content))
    case '$array':
      return typedArrayOf(listOf(content))
    default:
      throw malformed(`there is no tag ${tag}`)
  }
}

function numberNamed(name: Json): number {
  const value = typeof name === 'string' ? NUMBERS[name] : undefined
  if (value === undefined)
    throw malformed(`${show(name)} is none of ${Object.keys(NUMBERS).join(', ')}`)
  return value
}

function bigintOf(digits: Json): bigint {
  if (typeof digits !== 'string' || !/^-?\d+$/.test(digits)) {
    throw malformed(`${show(digits)} is no big integer`)
  }
  return BigInt(digits)
}

function objectOf(pairs: readonly (readonly [unknown, unknown])[]): object {
  return Object.fromEntries(pairs.map(([name, field]) => [String(name), field]))
}

function typedArrayOf([name = null, encoded = null]: readonly Json[]): unknown {
  const constructor = Object.entries(TYPED_ARRAYS).find(([known]) => known === name)?.[1]
  const bytes = bytesOf(encoded)
  if (constructor === undefined || bytes.length % constructor.BYTES_PER_ELEMENT !== 0) {
    throw malformed(`${show(name)} with ${bytes.length} bytes is no typed array`)
  }
  return new constructor(bytes.slice().buffer)
}

function bytesOf(encoded: Json): Uint8Array {
  const bytes = typeof encoded === 'string' ? fromBase64(encoded) : undefined
  if (bytes === undefined) throw malformed(`${show(encoded)} is no base64`)
  return bytes
}

function pairsToTagged(pairs: readonly (readonly [unknown, unknown])[]): Json {
  return pairs.map(([key, value]) => [toTagged(key), toTagged(value)])
}

function pairsOf(json: Json): (readonly [unknown, unknown])[] {
  return listOf(json).map((pair) => {
    const [key, value, ...rest] = listOf(pair)
    if (key === undefined || value === undefined || rest.length > 0) {
      throw malformed(`${show(pair)} is no pair of key and value`)
    }
    return [fromTagged(key), fromTagged(value)]
  })
}

function listOf(json: Json): readonly Json[] {
  if (!isList(json)) throw malformed(`${show(json)} is no list`)
  return json
}

function isList(json: Json): json is readonly Json[] {
  return Array.isArray(json)
}

/**
 * A date with that time (NaN: an invalid one). The core has no clock and makes no dates, but states may hold them: so it
 * comes from the codec, as MessagePack's timestamp of 96 bits, or one of a length that there is not.
 */
function dateOf(time: unknown): unknown {
  if (typeof time !== 'number' || Math.abs(time) > 8.64e15) {
    throw malformed(`${String(time)} is no time of a date`)
  }
  if (Number.isNaN(time)) return binary.decode(Uint8Array.of(0xd4, 0xff, 0))
  const bytes = new Uint8Array(15)
  const view = new DataView(bytes.buffer)
  const seconds = Math.floor(time / 1000)
  bytes.set([0xc7, 12, 0xff])
  view.setUint32(3, (time - seconds * 1000) * 1_000_000)
  view.setBigInt64(7, BigInt(seconds))
  return binary.decode(bytes)
}

function isDate(value: object): value is { getTime(): number } {
  return Object.prototype.toString.call(value) === '[object Date]'
}

function show(json: Json): string {
  const text = JSON.stringify(json)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function malformed(what: string): ConfigurationError {
  return new ConfigurationError('malformed-value', what)
}
