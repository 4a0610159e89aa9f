// Skeleton: signatures only, the body follows.

/** Turns values into bytes and back. `name` is stored in snapshots and must stay stable. */
export interface Serializer<T> {
  readonly name: string
  encode(value: T): Uint8Array
  decode(bytes: Uint8Array): T
}

export declare const binary: Serializer<unknown>
export declare const text: Serializer<string>
export declare const number: Serializer<number>
export declare const json: Serializer<unknown>

/** The canonical bytes of a key: equal keys have equal bytes, and '1' differs from 1. */
export declare function encodeKey(key: unknown): Uint8Array
/** The hash that travels with a record from keyBy on (signed 32 bits). */
export declare function hashKey(key: unknown): number
