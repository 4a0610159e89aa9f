// Non-cryptographic 32-bit hashes: murmur3 for keys, xxHash32 for snapshot checksums.
// Must not know what is hashed. All results are signed 32-bit integers (`| 0`).
// Invariant: murmurString(s) equals murmur3_32 of the UTF-8 bytes of s.
// Source: Austin Appleby, MurmurHash3_x86_32; Yann Collet, xxHash fast digest algorithm, XXH32.

export declare function murmur3_32(bytes: Uint8Array, seed?: number): number
export declare function murmurString(text: string, seed?: number): number
export declare function xxHash32(bytes: Uint8Array, seed?: number): number
