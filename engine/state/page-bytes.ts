/**
 * Strings and bytes inside a page. Must not know what they belong to.
 * ASCII strings are compared and written character by character, because that allocates nothing.
 */

import { text } from '../serializer.ts'

/** From this length on the platform's decoder is faster than a loop. */
const LOOP_MAX = 24
const UNITS_PER_CALL = 4096

export function isAscii(value: string): boolean {
  let seen = 0
  for (let i = 0; i < value.length; i += 1) seen |= value.charCodeAt(i)
  return seen < 0x80
}

export function writeAscii(value: string, page: DataView, offset: number): void {
  for (let i = 0; i < value.length; i += 1) page.setUint8(offset + i, value.charCodeAt(i))
}

export function equalsAscii(
  value: string,
  length: number,
  page: DataView,
  offset: number,
): boolean {
  if (value.length !== length) return false
  for (let i = 0; i < length; i += 1) {
    if (page.getUint8(offset + i) !== value.charCodeAt(i)) return false
  }
  return true
}

export function readAscii(page: DataView, offset: number, length: number): string {
  if (length > LOOP_MAX) return text.decode(viewBytes(page, offset, length))
  let value = ''
  for (let i = 0; i < length; i += 1) value += String.fromCharCode(page.getUint8(offset + i))
  return value
}

export function writeUtf16(value: string, page: DataView, offset: number): void {
  for (let i = 0; i < value.length; i += 1) {
    page.setUint16(offset + i * 2, value.charCodeAt(i), true)
  }
}

export function equalsUtf16(
  value: string,
  length: number,
  page: DataView,
  offset: number,
): boolean {
  if (value.length * 2 !== length) return false
  for (let i = 0; i < value.length; i += 1) {
    if (page.getUint16(offset + i * 2, true) !== value.charCodeAt(i)) return false
  }
  return true
}

export function readUtf16(page: DataView, offset: number, length: number): string {
  const units: number[] = []
  for (let i = 0; i < length; i += 2) units.push(page.getUint16(offset + i, true))
  let value = ''
  for (let i = 0; i < units.length; i += UNITS_PER_CALL) {
    value += String.fromCharCode(...units.slice(i, i + UNITS_PER_CALL))
  }
  return value
}

export function writeBytes(bytes: Uint8Array, page: DataView, offset: number): void {
  new Uint8Array(page.buffer, page.byteOffset + offset, bytes.length).set(bytes)
}

export function equalsBytes(
  bytes: Uint8Array,
  length: number,
  page: DataView,
  offset: number,
): boolean {
  if (bytes.length !== length) return false
  for (let i = 0; i < length; i += 1) {
    if (page.getUint8(offset + i) !== bytes[i]) return false
  }
  return true
}

/** The bytes in place: valid until the page is written. */
export function viewBytes(page: DataView, offset: number, length: number): Uint8Array {
  return new Uint8Array(page.buffer, page.byteOffset + offset, length)
}
