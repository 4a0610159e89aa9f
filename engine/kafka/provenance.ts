/**
 * Provenance in record headers: which input records an output newly stands for. Two outputs can be equal as text, so
 * only this tells a duplicate from a repetition (simulation-and-oracle.md 3.1).
 */
import type { Origins } from '../element.ts'
import { text } from '../serializer.ts'
import type { RecordOrigin } from '../trace.ts'
import type { KafkaHeader } from './protocol.ts'

/** Header key: the origins, as `topic/partition@offset` joined by spaces. */
export const ORIGIN_HEADER = 'weir-origin'

export function encodeOrigins(origins: Origins): KafkaHeader {
  const value = origins.map(formatOrigin).join(' ')
  return { key: ORIGIN_HEADER, value: text.encode(value) }
}

/** The origins in these headers, or null when there is no such header or it cannot be read. */
export function decodeOrigins(headers: readonly KafkaHeader[]): Origins | null {
  const header = headers.find(({ key }) => key === ORIGIN_HEADER)
  if (header === undefined) return null
  const value = text.decode(header.value)
  if (value === '') return []
  const origins = value.split(' ').map(parseOrigin)
  return origins.every((origin) => origin !== null) ? origins : null
}

/** `topic/partition@offset`. */
export function formatOrigin({ topic, partition, offset }: RecordOrigin): string {
  return `${topic}/${partition}@${offset}`
}

const ORIGIN = /^(.+)\/(\d+)@(\d+)$/

function parseOrigin(origin: string): RecordOrigin | null {
  const [, topic, partition, offset] = ORIGIN.exec(origin) ?? []
  if (topic === undefined) return null
  return { topic, partition: Number(partition), offset: Number(offset) }
}
