/**
 * An immutable run of changes in the order of their row keys: what one flush or one compaction wrote, in memory and as
 * an object of a snapshot. Must not know other runs. Every byte is guarded: blocks by checksums in the index, the index
 * by one in the footer, which therefore stands for the whole run (S5).
 *
 *   block | block | … | index | filter | length of the index u32 | checksum of index and filter u32 | 'WRN' and the version
 *
 * In a block a key is what it shares with the one before (varint), the length of its rest (varint) and the rest; then
 * comes the length of the value plus one (varint; 0 removes the key), and the value.
 */

import { assert, present } from '../../assert.ts'
import { xxHash32 } from '../../hash.ts'
import { CorruptStateError } from '../corrupt-state-error.ts'
import { beginsWith, compareBytes, type RowChange } from '../rows/row-change.ts'
import { SegmentReader, SegmentWriter } from '../segment-bytes.ts'
import { searchBlock } from './search-block.ts'
import { buildFilter, filterHash, mayContain } from './key-filter.ts'

const MAGIC = 0x57_52_4e_01
const FOOTER_BYTES = 12
/** A block ends with the first change that makes it at least so long. */
const BLOCK_BYTES = 4096

interface Block {
  readonly firstKey: Uint8Array
  readonly offset: number
  readonly length: number
  readonly checksum: number
}

/** What the index says. */
interface RunIndex {
  readonly blocks: readonly Block[]
  readonly filter: Uint8Array
  readonly count: number
  readonly lastKey: Uint8Array
}

export class SortedRun {
  readonly bytes: Uint8Array
  /** Covers every byte. Unsigned, 32 bits. */
  readonly checksum: number
  /** Changes, removals among them. */
  readonly count: number
  readonly #index: RunIndex

  private constructor(bytes: Uint8Array, checksum: number, index: RunIndex) {
    this.bytes = bytes
    this.checksum = checksum
    this.count = index.count
    this.#index = index
  }

  /**
   * The run, or one sentence about what is wrong with the bytes. `checksum` is the one under which it was stored.
   * `isBlind` (mutant B-13): no block is checked.
   */
  static decode(bytes: Uint8Array, checksum?: number, isBlind = false): SortedRun | string {
    if (bytes.length < FOOTER_BYTES) return `it has only ${bytes.length} bytes`
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const footer = bytes.length - FOOTER_BYTES
    if (view.getUint32(footer + 8) !== MAGIC) return 'it is not a sorted run (wrong last bytes)'
    const begin = footer - view.getUint32(footer)
    if (begin < 0) return 'its index is longer than the run'
    const stored = view.getUint32(footer + 4)
    if (xxHash32(bytes.subarray(begin, footer)) >>> 0 !== stored) {
      return 'the checksum of its index is wrong'
    }
    if (checksum !== undefined && stored !== checksum) {
      return 'it is another object than the one that was stored under its name'
    }
    try {
      const index = readIndex(bytes, begin, footer)
      const broken = typeof index === 'string' || isBlind ? undefined : findBroken(bytes, index)
      if (broken !== undefined) return `the checksum of block ${broken} is wrong`
      return typeof index === 'string' ? index : new SortedRun(bytes, stored, index)
    } catch (error) {
      if (error instanceof CorruptStateError) return `its index cannot be read: ${error.message}`
      throw error
    }
  }

  /** The run that was just written as these bytes; they are not checked. */
  static written(bytes: Uint8Array, checksum: number, indexBegin: number): SortedRun {
    const index = readIndex(bytes, indexBegin, bytes.length - FOOTER_BYTES)
    assert(typeof index !== 'string', 'A new run has a corrupt index.')
    return new SortedRun(bytes, checksum, index)
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  /** Undefined if the run is empty. */
  get firstKey(): Uint8Array | undefined {
    return this.#index.blocks[0]?.firstKey
  }

  get lastKey(): Uint8Array {
    return this.#index.lastKey
  }

  /** What the run says of the key: its value, null if it was removed, undefined if nothing. `hash` is `filterHash(key)`. */
  get(key: Uint8Array, hash: number): Uint8Array | null | undefined {
    const { filter } = this.#index
    if (this.count === 0 || !mayContain(filter, hash)) return undefined
    const block = this.#index.blocks[this.#blockOf(key)]
    if (block === undefined) return undefined
    return searchBlock(this.bytes.subarray(block.offset, block.offset + block.length), key)
  }

  /** The changes whose keys begin with `prefix`, in order. */
  *scan(prefix: Uint8Array): Iterable<RowChange> {
    const { blocks } = this.#index
    for (let i = Math.max(0, this.#blockOf(prefix)); i < blocks.length; i += 1) {
      const block = present(blocks[i], 'A run has lost a block.')
      for (const change of this.#read(block)) {
        if (beginsWith(change.key, prefix)) yield change
        else if (compareBytes(change.key, prefix) > 0) return
      }
    }
  }

  /** The last block that begins at or before the key, or -1. */
  #blockOf(key: Uint8Array): number {
    const { blocks } = this.#index
    let low = 0
    let high = blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { firstKey } = present(blocks[middle], 'A run has lost a block.')
      if (compareBytes(firstKey, key) <= 0) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  *#read({ offset, length }: Block): Iterable<RowChange> {
    const reader = new SegmentReader(this.bytes.subarray(offset, offset + length))
    let former = new Uint8Array(0)
    while (reader.rest > 0) {
      const shared = reader.varint()
      const key = new Uint8Array(shared + reader.varint())
      // Keys are short: byte by byte is faster than by way of views.
      for (let i = 0; i < shared; i += 1) key[i] = former[i] ?? 0
      reader.copyTo(key, shared)
      const length = reader.varint()
      yield { key, value: length === 0 ? null : reader.bytes(length - 1) }
      former = key
    }
  }
}

/** Puts a run together, change by change in ascending order of keys. */
export class RunBuilder {
  readonly #writer: SegmentWriter
  readonly #index = new SegmentWriter(256)
  readonly #hashes: number[] = []
  #blockCount = 0
  #blockBegin = 0
  #firstKey: Uint8Array = new Uint8Array(0)
  #former: Uint8Array = new Uint8Array(0)

  constructor(sizeHint = BLOCK_BYTES) {
    this.#writer = new SegmentWriter(sizeHint)
  }

  get sizeBytes(): number {
    return this.#writer.length
  }

  get count(): number {
    return this.#hashes.length
  }

  /** The key's bytes must stay as they are until the run is finished. */
  add({ key, value }: RowChange): void {
    const writer = this.#writer
    const isFirst = writer.length === this.#blockBegin
    if (isFirst) this.#firstKey = key
    const shared = isFirst ? 0 : sharedLength(this.#former, key)
    writer.varint(shared)
    writer.varint(key.length - shared)
    writer.tail(key, shared)
    writer.varint(value === null ? 0 : value.length + 1)
    if (value !== null) writer.bytes(value)
    this.#former = key
    this.#hashes.push(filterHash(key))
    if (writer.length - this.#blockBegin >= BLOCK_BYTES) this.#endBlock()
  }

  finish(): SortedRun {
    if (this.#writer.length > this.#blockBegin) this.#endBlock()
    const writer = this.#writer
    const begin = writer.length
    writer.u32(this.#blockCount)
    writer.u32(this.#hashes.length)
    writeKey(writer, this.#former)
    writer.bytes(this.#index.written(0))
    const filter = buildFilter(this.#hashes)
    writer.u32(filter.length)
    writer.bytes(filter)
    const index = writer.written(begin)
    const checksum = xxHash32(index) >>> 0
    const footer = new DataView(new ArrayBuffer(FOOTER_BYTES))
    footer.setUint32(0, index.length)
    footer.setUint32(4, checksum)
    footer.setUint32(8, MAGIC)
    writer.bytes(new Uint8Array(footer.buffer))
    return SortedRun.written(writer.finishWhole(), checksum, begin)
  }

  #endBlock(): void {
    const begin = this.#blockBegin
    const block = this.#writer.written(begin)
    writeKey(this.#index, this.#firstKey)
    this.#index.u32(begin)
    this.#index.u32(block.length)
    this.#index.u32(xxHash32(block))
    this.#blockCount += 1
    this.#blockBegin = this.#writer.length
  }
}

function writeKey(writer: SegmentWriter, key: Uint8Array): void {
  writer.u32(key.length)
  writer.bytes(key)
}

function readIndex(bytes: Uint8Array, begin: number, end: number): RunIndex | string {
  const reader = new SegmentReader(bytes.subarray(begin, end))
  const blockCount = reader.u32()
  const count = reader.u32()
  const lastKey = reader.bytes(reader.u32())
  const blocks: Block[] = []
  let at = 0
  for (let i = 0; i < blockCount; i += 1) {
    const firstKey = reader.bytes(reader.u32())
    const offset = reader.u32()
    const length = reader.u32()
    const checksum = reader.u32() | 0
    if (offset !== at || offset + length > begin) return `block ${i} is not where it should be`
    blocks.push({ firstKey, offset, length, checksum })
    at += length
  }
  const filter = reader.bytes(reader.u32())
  if (at !== begin || reader.rest !== 0) return 'it has bytes that belong to nothing'
  return { blocks, filter, count, lastKey }
}

/** The number of the first block that is not what was written. */
function findBroken(bytes: Uint8Array, { blocks }: RunIndex): number | undefined {
  const broken = blocks.findIndex(
    ({ offset, length, checksum }) =>
      xxHash32(bytes.subarray(offset, offset + length)) !== checksum,
  )
  return broken < 0 ? undefined : broken
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  let shared = 0
  while (shared < length && a[shared] === b[shared]) shared += 1
  return shared
}
