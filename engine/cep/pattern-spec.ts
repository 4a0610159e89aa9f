/**
 * A pattern as data: what `begin(…).followedBy(…)` builds, what a job graph holds and prints, what the compiler turns
 * into an automaton. Must not know how patterns are matched. Invariant: a spec that `Pattern` built has at least one
 * stage, and its first stage is no negation. Source: Flink Pattern, Quantifier, GroupPattern, AfterMatchSkipStrategy.
 */

/** What a condition may look at beside the record. */
export interface ConditionContext<T> {
  /** The records that this partial match has accepted for the stage so far, oldest first. */
  readonly eventsOf: (stage: string) => readonly T[]
  /** Timestamp of the record in ms; in processing time, when it arrived. */
  readonly timestamp: number
  /** The clock in whole ms. */
  readonly processingTime: () => number
}

/** Whether a stage accepts the record. It should depend on its arguments only: it may be asked several times. */
export type Condition<T> = {
  method(value: T, context: ConditionContext<T>): boolean
}['method']

/**
 * What may lie between a stage and the one before it. `next`: nothing. `followedBy`: records that the stage does not
 * accept. `followedByAny`: any records, so that each accepted record branches. `notNext`: the next record must not be
 * accepted. `notFollowedBy`: no record up to the next stage, or up to the end of `within`, may be accepted.
 */
export type Contiguity = 'next' | 'followedBy' | 'followedByAny' | 'notNext' | 'notFollowedBy'

/** What may lie between two records of one looping stage. */
export type InnerContiguity = 'next' | 'followedBy' | 'followedByAny'

/** How many records a stage takes. */
export interface Quantifier {
  /** `one`: a single record; `times`: from…to; `looping`: `from` or more. */
  readonly kind: 'one' | 'times' | 'looping'
  readonly from: number
  readonly to: number
  readonly isOptional: boolean
  /** Takes as many as there are. */
  readonly isGreedy: boolean
  readonly inner: InnerContiguity
  /** At most this many ms between two records of the loop; null = any. */
  readonly windowMs: number | null
}

/** `first-and-last`: the whole match; `previous-and-current`: between this stage's record and the one before it. */
export type WithinType = 'first-and-last' | 'previous-and-current'

export interface StageSpec {
  /** A group's name is null; the stages inside have names. */
  readonly name: string | null
  readonly group: PatternSpec | null
  /** Of the first stage: `next`. */
  readonly contiguity: Contiguity
  /** Null accepts every record. */
  readonly condition: Condition<unknown> | null
  /** Ends a loop. */
  readonly until: Condition<unknown> | null
  readonly quantifier: Quantifier
  /** The windows given at this stage, in ms. */
  readonly within: Readonly<Partial<Record<WithinType, number>>>
}

/** Which other matches end when one is found. */
export type AfterMatchSkip =
  | { readonly type: 'no-skip' }
  | { readonly type: 'skip-to-next' }
  | { readonly type: 'skip-past-last-event' }
  | { readonly type: 'skip-to-first'; readonly stage: string }
  | { readonly type: 'skip-to-last'; readonly stage: string }

export interface PatternSpec {
  readonly stages: readonly StageSpec[]
  readonly skip: AfterMatchSkip
}
