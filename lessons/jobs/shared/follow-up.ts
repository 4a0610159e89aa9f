/**
 * Waits for what must follow: a first event is to be answered by a second one of the same key within a time. Says whether
 * the answer came, did not come, or came for nothing. By the times in the events, so that it does not matter which of
 * the two arrives first.
 */
import { valueState } from 'weirstream'
import type { KeyedCoProcessFunction, KeyedProcessContext } from 'weirstream'
import type { TimedEvent } from './events.ts'

export interface FollowUpOptions<A, B, O> {
  readonly withinMs: number
  /** The answer came in time. */
  readonly met: (first: A, second: B) => O
  /** It did not, or not yet when the time was over. */
  readonly missed: (first: A, context: KeyedProcessContext<unknown, O>) => void
  /** An answer too late, or to nothing. */
  readonly unexpected: (second: B, context: KeyedProcessContext<unknown, O>) => void
}

export function followUp<A extends TimedEvent, B extends TimedEvent, K, O>({
  withinMs,
  met,
  missed,
  unexpected,
}: FollowUpOptions<A, B, O>): KeyedCoProcessFunction<A, B, K, O> {
  const asked = valueState<A>('asked')
  const early = valueState<B>('early')
  const isMet = valueState<boolean>('is-met')

  const answer = (first: A, second: B, context: KeyedProcessContext<K, O>): void => {
    if (second.time > first.time + withinMs) return unexpected(second, context)
    // Told of twice.
    if (context.state(isMet).value() === true) return
    context.state(isMet).update(true)
    context.collect(met(first, second))
  }

  return {
    processElement1(first, context) {
      context.state(asked).update(first)
      context.timers.registerEventTime(first.time + withinMs)
      const second = context.state(early).value()
      if (second !== undefined) answer(first, second, context)
    },
    processElement2(second, context) {
      const first = context.state(asked).value()
      if (first !== undefined) return answer(first, second, context)
      context.state(early).update(second)
      // At its own time everything earlier is known, also what it answers.
      context.timers.registerEventTime(second.time)
    },
    onTimer(time, context) {
      const first = context.state(asked).value()
      const second = context.state(early).value()
      if (first === undefined) {
        if (second !== undefined) unexpected(second, context)
        context.state(early).clear()
      } else if (time === first.time + withinMs) {
        if (context.state(isMet).value() !== true) missed(first, context)
        context.state(asked).clear()
        context.state(early).clear()
        context.state(isMet).clear()
      }
    },
  }
}
