/** Fetch errors that no retry cures. */
import type { KafkaError } from './protocol.ts'

/** True when the position does not exist (any more): going on would skip records or read them twice. */
export function isFatalFetchError(error: KafkaError): boolean {
  return error === 'OFFSET_OUT_OF_RANGE'
}
