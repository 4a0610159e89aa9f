/**
 * One key group of a backend as bytes: the contents of all its states, each under its name, and its timers. The unit
 * that a snapshot stores and that rescaling hands to other subtasks. Must not know backends or storage; checksums are
 * one level up.
 */

import { checkIntact } from './corrupt-state-error.ts'
import { SegmentReader, SegmentWriter } from './segment-bytes.ts'
import {
  infoSizeHint,
  readInfo,
  readRows,
  rowsSizeHint,
  writeInfo,
  writeRows,
  type StateSegment,
} from './store-segment.ts'
import { readTable, tableSizeHint, writeTable } from './table-segment.ts'
import { readTimers, timersSizeHint, writeTimers, type TimerSegment } from './timer-segment.ts'

export interface KeyGroupContent {
  readonly keyGroup: number
  readonly states: readonly StateSegment[]
  readonly timers: readonly TimerSegment[]
}

/** 'WKG' and the version: 2 has kinds of states, TTL and timers. */
const MAGIC = 0x57_4b_47_02
const HEADER_BYTES = 20
const LENGTH_AT = 4

/** The pieces of the bytes. Pages that states lend are among them as they are. */
export function encodeKeyGroup({ keyGroup, states, timers }: KeyGroupContent): Uint8Array[] {
  const writer = new SegmentWriter(sizeHint(states, timers))
  writer.u32(MAGIC)
  writer.u32(0)
  writer.u32(keyGroup)
  writer.u32(states.length)
  writer.u32(timers.length)
  for (const state of states) {
    writeInfo(writer, state.info)
    if (state.type === 'value') writeTable(writer, state.content, state.isLent)
    else writeRows(writer, state)
  }
  for (const queue of timers) writeTimers(writer, queue)
  return writer.finish(LENGTH_AT)
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
  const queueCount = reader.u32()
  const states: StateSegment[] = []
  for (let i = 0; i < stateCount; i += 1) states.push(readState(reader))
  const timers: TimerSegment[] = []
  for (let i = 0; i < queueCount; i += 1) timers.push(readTimers(reader))
  checkIntact(reader.rest === 0, `Key group ${keyGroup} has ${reader.rest} unexpected bytes.`)
  return { keyGroup, states, timers }
}

function readState(reader: SegmentReader): StateSegment {
  const info = readInfo(reader)
  if (info.kind === 'value')
    return { type: 'value', info, content: readTable(reader), isLent: false }
  return { type: 'container', info, rows: readRows(reader, info) }
}

function sizeHint(states: readonly StateSegment[], timers: readonly TimerSegment[]): number {
  let size = HEADER_BYTES
  for (const state of states) {
    size += infoSizeHint(state.info)
    size +=
      state.type === 'value' ? tableSizeHint(state.content, state.isLent) : rowsSizeHint(state)
  }
  for (const queue of timers) size += timersSizeHint(queue)
  return size
}
