/**
 * Puts the values of a key into the order of their timestamps: each waits in state, and a timer lets it go when the
 * watermark says that nothing earlier will come. What stands behind it may think step by step.
 */
import { mapState } from 'weirstream'
import type { KeyedProcessFunction } from 'weirstream'

export function inEventTimeOrder<T, K>(): KeyedProcessFunction<T, K, T> {
  const waiting = mapState<number, readonly T[]>('waiting')
  return {
    processElement(value, context) {
      const time = context.timestamp ?? 0
      const values = context.state(waiting)
      values.put(time, [...(values.get(time) ?? []), value])
      context.timers.registerEventTime(time)
    },
    onTimer(time, context) {
      const values = context.state(waiting)
      for (const value of values.get(time) ?? []) context.collect(value)
      values.remove(time)
    },
  }
}
