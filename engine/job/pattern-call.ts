/** Turns a pattern and what to do with its matches into the spec of an operator. Source: Flink PatternStream. */
import { compilePattern } from '../cep/compile-pattern.ts'
import type { Pattern } from '../cep/pattern.ts'
import type { CepSpec, PatternProcess, PatternSelect } from '../cep/cep-spec.ts'
import type { OutputTag, TimeDomain } from '../operator/functions.ts'

interface PatternCallOptions<T> {
  /** `event`: records by their timestamps, when the watermark reaches them; `processing`: as they come. Default `event`. */
  readonly time?: TimeDomain
  /** Where records go that come behind the watermark; default: dropped. Event time only. */
  readonly lateOutput?: OutputTag<T>
  /** What is emitted to a side output for a partial match that outlived `within`. */
  readonly timeout?: PatternTimeoutCall<T, unknown>
}

export interface PatternTimeoutCall<T, S> {
  readonly output: OutputTag<S>
  readonly select: PatternSelect<T, S>
}

/** `select` makes one value of each match; `process` emits any number. */
export type PatternCall<T, O> = PatternCallOptions<T> &
  ({ readonly select: PatternSelect<T, O> } | { readonly process: PatternProcess<T, O> })

export function cepSpec<T, O>(pattern: Pattern<T>, call: PatternCall<T, O>): CepSpec {
  const { time = 'event', lateOutput, timeout } = call
  // A malformed pattern is refused here, not by the subtasks.
  compilePattern(pattern.spec)
  return {
    pattern: pattern.spec,
    time,
    process: 'process' in call ? call.process : emitting(call.select),
    timeout: timeout === undefined ? null : { tag: timeout.output.name, select: timeout.select },
    lateOutput: lateOutput?.name ?? null,
  }
}

function emitting(select: PatternSelect<unknown, unknown>): CepSpec['process'] {
  return (match, context) => {
    context.collect(select(match, context))
  }
}
