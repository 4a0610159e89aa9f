/** About how much of a link a record takes: what it takes in a snapshot. */
import { ConfigurationError } from '../errors.ts'
import { binary } from '../serializer.ts'

/** 0 for a record that no snapshot can hold: nobody sends it over a link. */
export function sizeOf(value: unknown): number {
  try {
    return binary.encode(value).length
  } catch (error) {
    if (error instanceof ConfigurationError) return 0
    throw error
  }
}
