/**
 * The conditions of a stage's transitions, as they follow from its contiguity, its loop and the group around it.
 * Source: Flink NFACompiler.
 */
import { always, and, not } from './conditions.ts'
import type { Condition, Contiguity, StageSpec } from './pattern-spec.ts'

/** A stage and the one before it, inside the same group. */
export interface Link {
  readonly spec: StageSpec
  readonly previous: Link | null
}

/** The group that is being compiled. */
export interface GroupScope {
  readonly spec: StageSpec
  /** Whether its states are those that a run meets first, not those of a repetition. */
  readonly isFirstRound: boolean
}

/** The last of the stages, chained to those before it. */
export function chainOf(stages: readonly StageSpec[]): Link | null {
  return stages.reduce<Link | null>((previous, spec) => ({ spec, previous }), null)
}

/** What the stage takes. */
export function takeCondition(stage: Link, group: GroupScope | null): Condition<unknown> {
  return beforeUntil(stage.spec.condition ?? always, group?.spec.until ?? null)
}

/** What may pass before the stage's first record; null = nothing. */
export function ignoreCondition(stage: Link, group: GroupScope | null): Condition<unknown> | null {
  if (!isHead(stage, group)) return skipped(stage, stage.spec.contiguity, group)
  const { contiguity, quantifier } = group.spec
  return skipped(stage, group.isFirstRound ? contiguity : quantifier.inner, group)
}

/** What may pass between two records of the stage's loop; null = nothing. */
export function innerIgnoreCondition(
  stage: Link,
  group: GroupScope | null,
): Condition<unknown> | null {
  const { quantifier } = isHead(stage, group) ? group.spec : stage.spec
  return skipped(stage, quantifier.inner, group)
}

/** When a run may go on without a record. */
export function proceedCondition(group: GroupScope | null): Condition<unknown> {
  return beforeUntil(always, group?.spec.until ?? null)
}

/** The condition, as long as `until` does not hold. */
export function beforeUntil<C extends Condition<unknown> | null>(
  condition: C,
  until: Condition<unknown> | null,
): C | Condition<unknown> {
  return condition === null || until === null ? condition : and(not(until), condition)
}

/** Whether the stage is the first of an optional group, so that the group's first record may be missing. */
export function isHeadOfOptionalGroup(stage: Link, group: GroupScope | null): boolean {
  return isHead(stage, group) && group.isFirstRound && group.spec.quantifier.isOptional
}

function isHead(stage: Link, group: GroupScope | null): group is GroupScope {
  return group !== null && stage.previous === null
}

function skipped(
  stage: Link,
  contiguity: Contiguity,
  group: GroupScope | null,
): Condition<unknown> | null {
  const until = group?.spec.until ?? null
  if (contiguity === 'followedBy') return beforeUntil(not(stage.spec.condition ?? always), until)
  return contiguity === 'followedByAny' ? beforeUntil(always, until) : null
}
