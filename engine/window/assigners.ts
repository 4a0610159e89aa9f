/** Window assigners: which windows a record belongs to. */
import type { WindowAssigner } from './window-spec.ts'

/** One window per key without end. */
export function globalWindows({ firesAtEndOfStream = false } = {}): WindowAssigner {
  return { type: 'global', firesAtEnd: firesAtEndOfStream }
}
