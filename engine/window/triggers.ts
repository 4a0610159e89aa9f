/** Triggers: when a window fires. */
import type { Trigger } from './window-spec.ts'

/** Fires at every `count`-th record. */
export function countTrigger(count: number): Trigger {
  return { type: 'count', count }
}

/** Whenever `of` fires, the window's contents are removed after the emission. */
export function purgingTrigger(of: Trigger): Trigger {
  return { type: 'purging', of }
}
