/**
 * One key group of a backend as bytes: the tables of all its states, each under its name. The unit that a snapshot
 * stores and that rescaling hands to other subtasks. Must not know backends or storage; checksums are one level up.
 */

import { checkIntact } from './corrupt-state-error.ts'
import { SegmentReader, SegmentWriter } from './segment-bytes.ts'
import type { TableContent } from './row-layout.ts'
import { readTable, tableSizeHint, writeTable } from './table-segment.ts'

export interface StateSegment {
  readonly name: string
  /** Name of the state's serializer; see `nativeSerializerNames`. */
  readonly serializer: string
  readonly content: TableContent
}

export interface KeyGroupContent {
  readonly keyGroup: number
  readonly states: readonly StateSegment[]
}

/** 'WKG' and the version. */
const MAGIC = 0x57_4b_47_01
const HEADER_BYTES = 16

export function encodeKeyGroup({ keyGroup, states }: KeyGroupContent): Uint8Array {
  const writer = new SegmentWriter(sizeHint(states))
  writer.u32(MAGIC)
  writer.u32(0)
  writer.u32(keyGroup)
  writer.u32(states.length)
  for (const { name, serializer, content } of states) {
    writer.text(name)
    writer.text(serializer)
    writeTable(writer, content)
  }
  writer.setU32(4, writer.length)
  return writer.finish()
}

/** Looks at `bytes` in place: they must not change while the result is in use. */
export function parseKeyGroup(bytes: Uint8Array): KeyGroupContent {
  const reader = new SegmentReader(bytes)
  const magic = reader.u32()
  checkIntact(
    magic === MAGIC,
    `A key group begins with ${magic.toString(16)} instead of ${MAGIC.toString(16)}: not a key group, or another version.`,
  )
  const length = reader.u32()
  checkIntact(
    length === bytes.length,
    `A key group has ${bytes.length} bytes instead of ${length}: it was cut or extended.`,
  )
  const keyGroup = reader.u32()
  const stateCount = reader.u32()
  const states: StateSegment[] = []
  for (let i = 0; i < stateCount; i += 1) {
    states.push({ name: reader.text(), serializer: reader.text(), content: readTable(reader) })
  }
  checkIntact(reader.rest === 0, `Key group ${keyGroup} has ${reader.rest} unexpected bytes.`)
  return { keyGroup, states }
}

function sizeHint(states: readonly StateSegment[]): number {
  let size = HEADER_BYTES
  for (const { name, serializer, content } of states) {
    size += 8 + name.length + serializer.length + tableSizeHint(content)
  }
  return size
}
