/**
 * Which checkpoints name which shared objects, so that an object is deleted with the last of them and never before
 * (F-I10). Pure: says what to delete. Must not know storage, nor what is in the objects.
 * A snapshot names only objects that its base named, the newest completed checkpoint at its trigger, and such as it wrote
 * itself. So what the base of a pending checkpoint names is needed until that is over, whatever is subsumed meanwhile.
 * What a subtask acknowledges is registered first, whatever became of the checkpoint (FLINK-25395); of one that is over
 * it is given up at once.
 * Source: Flink SharedStateRegistryImpl.
 */
import type { CheckpointId } from '../ids.ts'
import type { StorageKey } from '../runtime.ts'

export interface SharedStates {
  /** Pending ones, each with its base. */
  readonly pending: ReadonlyMap<CheckpointId, CheckpointId | null>
  /** Completed ones that can be restored. */
  readonly retained: ReadonlySet<CheckpointId>
  /** What each of them, and each base, names. */
  readonly named: ReadonlyMap<CheckpointId, ReadonlySet<StorageKey>>
}

export type SharedStateInput =
  /** Its snapshots may name what `base` names. */
  | {
      readonly type: 'triggered'
      readonly checkpoint: CheckpointId
      readonly base: CheckpointId | null
    }
  /** A subtask names these objects; the checkpoint may be over. */
  | {
      readonly type: 'acknowledged'
      readonly checkpoint: CheckpointId
      readonly objects: readonly StorageKey[]
    }
  | { readonly type: 'completed'; readonly checkpoint: CheckpointId }
  /** Aborted, subsumed or discarded: nobody will restore it. */
  | { readonly type: 'ended'; readonly checkpoint: CheckpointId }
  /** One that was completed earlier, as its metadata tells. */
  | {
      readonly type: 'recovered'
      readonly checkpoint: CheckpointId
      readonly objects: readonly StorageKey[]
    }

export function newSharedStates(): SharedStates {
  return { pending: new Map(), retained: new Set(), named: new Map() }
}

/** The newest checkpoint on which snapshots may build. */
export function baseOf({ retained }: SharedStates): CheckpointId | null {
  let base: CheckpointId | null = null
  for (const checkpoint of retained) if (base === null || checkpoint > base) base = checkpoint
  return base
}

/** The state afterwards, and the objects that nobody needs any more. */
export function stepSharedStates(
  state: SharedStates,
  input: SharedStateInput,
): readonly [SharedStates, readonly StorageKey[]] {
  return collect(apply(state, input))
}

function apply(state: SharedStates, input: SharedStateInput): SharedStates {
  const { pending, retained, named } = state
  const { checkpoint } = input
  switch (input.type) {
    case 'triggered':
      return { ...state, pending: new Map([...pending, [checkpoint, input.base]]) }
    case 'acknowledged':
      return { ...state, named: withNames(named, checkpoint, input.objects) }
    case 'completed':
      return {
        ...state,
        pending: without(pending, checkpoint),
        retained: new Set([...retained, checkpoint]),
      }
    case 'ended':
      return {
        ...state,
        pending: without(pending, checkpoint),
        retained: new Set([...retained].filter((other) => other !== checkpoint)),
      }
    case 'recovered':
      return {
        ...state,
        retained: new Set([...retained, checkpoint]),
        named: withNames(named, checkpoint, input.objects),
      }
  }
}

/** Forgets checkpoints that are over and no base, and finds what only they named. */
function collect(state: SharedStates): readonly [SharedStates, readonly StorageKey[]] {
  const { pending, retained } = state
  const bases = new Set(pending.values())
  const isNeeded = (checkpoint: CheckpointId): boolean =>
    pending.has(checkpoint) || retained.has(checkpoint) || bases.has(checkpoint)
  const all = [...state.named]
  const gone = all.filter(([checkpoint]) => !isNeeded(checkpoint))
  if (gone.length === 0) return [state, []]
  const named = new Map(all.filter(([checkpoint]) => isNeeded(checkpoint)))
  const needed = new Set([...named.values()].flatMap((objects) => [...objects]))
  const released = new Set(gone.flatMap(([, objects]) => [...objects]))
  return [{ ...state, named }, [...released].filter((object) => !needed.has(object))]
}

function withNames(
  named: SharedStates['named'],
  checkpoint: CheckpointId,
  objects: readonly StorageKey[],
): SharedStates['named'] {
  return new Map([...named, [checkpoint, new Set([...(named.get(checkpoint) ?? []), ...objects])]])
}

function without(
  pending: SharedStates['pending'],
  checkpoint: CheckpointId,
): SharedStates['pending'] {
  return new Map([...pending].filter(([other]) => other !== checkpoint))
}
