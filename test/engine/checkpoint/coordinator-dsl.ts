/**
 * The checkpoint coordinator in sentences: a job of sources and sums, whose subtasks are letters. `Coordination` carries
 * no effect out; it hands them over as text, so that a test says what comes when.
 */
import type {
  CoordinatorConfig,
  CoordinatorEffect,
  CoordinatorInput,
  CoordinatorState,
  TriggerPlan,
} from '../../../engine/checkpoint/coordinator-protocol.ts'
import { step } from '../../../engine/checkpoint/checkpoint-coordinator.ts'
import { newCoordinator } from '../../../engine/checkpoint/coordinator-state.ts'
import type { CoordinatorStart } from '../../../engine/checkpoint/coordinator-state.ts'
import type { PendingCheckpoint } from '../../../engine/checkpoint/pending-checkpoint.ts'
import type { CheckpointMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import type { CheckpointFailure } from '../../../engine/checkpoint/failure.ts'
import type { SnapshotHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import { type AttemptId, attemptId, checkpointId, millis } from '../../../engine/ids.ts'
import { type SubtaskId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { Mutants } from '../../../engine/mutants.ts'
import type { AnyMutant } from '../../../engine/mutants.ts'
import { handleOf, objectsIn } from '../snapshot-handles.ts'

const DEFAULTS: CoordinatorConfig = {
  intervalMs: 100,
  minPauseMs: 0,
  timeoutMs: 1000,
  tolerableFailures: 0,
  intervalDuringBacklogMs: 100,
  maxConcurrent: 1,
  retained: 1,
  unaligned: false,
}

export class Coordination {
  state: CoordinatorState
  readonly config: CoordinatorConfig
  readonly #subtasks: readonly string[]
  readonly #coordinators: readonly string[]
  now = 0
  /** Which attempts are deployed; null while not all of them run. */
  attempt: number | null = 1
  #requestId = 0
  readonly #mutants: Mutants

  constructor(
    config: Partial<CoordinatorConfig> = {},
    subtasks: readonly string[] = ['a', 'b'],
    coordinators: readonly string[] = [],
    { mutant = null, start }: { mutant?: AnyMutant | null; start?: CoordinatorStart } = {},
  ) {
    this.#mutants = new Mutants(mutant)
    this.state = newCoordinator(start)
    this.config = { ...DEFAULTS, ...config }
    this.#subtasks = subtasks
    this.#coordinators = coordinators
  }

  input(input: CoordinatorInput): readonly CoordinatorEffect[] {
    const { config, now } = this
    const plan = (): TriggerPlan => this.plan()
    const context = { config, now: millis(now), plan, mutants: this.#mutants }
    const [state, effects] = step(this.state, input, context)
    this.state = state
    return effects
  }

  start(): string[] {
    return describe(this.input({ type: 'scheduler-started', firstDelayMs: 30 }))
  }

  stop(failure: CheckpointFailure = { type: 'failover' }): string[] {
    return describe(this.input({ type: 'scheduler-stopped', failure }))
  }

  /** The timer of the interval rings at `now`. */
  interval(now = this.now, attempt = 1): string[] {
    this.now = now
    this.attempt = attempt
    return describe(this.input({ type: 'interval-elapsed' }))
  }

  intervalWhileDeploying(): string[] {
    this.attempt = null
    const effects = describe(this.input({ type: 'interval-elapsed' }))
    this.attempt = 1
    return effects
  }

  /** `savepoint`, `stop` or `drain`, to `sp-1`, `sp-2`, … */
  savepoint(kind: 'savepoint' | 'stop' | 'drain' = 'savepoint'): string[] {
    this.#requestId += 1
    const target = { requestId: this.#requestId, location: `sp-${this.#requestId}` }
    return describe(this.input({ type: 'savepoint-requested', kind, target }))
  }

  backlog(isBacklog: boolean): string[] {
    return describe(this.input({ type: 'backlog-changed', isBacklog }))
  }

  cleaned(): string[] {
    return describe(this.input({ type: 'cleaned' }))
  }

  plan(): TriggerPlan {
    const { attempt } = this
    const expected = (of: number): (readonly [SubtaskId, AttemptId])[] =>
      this.#subtasks.map((name) => [subtask(name), attemptId(of)] as const)
    return {
      expected: attempt === null ? null : new Map(expected(attempt)),
      coordinators: this.#coordinators,
      vertices: [],
    }
  }

  /** The checkpoint that is pending, when there is one. */
  get pending(): PendingCheckpoint | undefined {
    return [...this.state.pending.values()].at(-1)
  }

  /** The newest that a restart may begin with. */
  get latest(): CheckpointMetadata | null {
    return this.state.completed.at(-1)?.metadata ?? null
  }

  snapshotted(checkpoint: number, uid: string): string[] {
    const state = new Uint8Array([checkpoint])
    const id = checkpointId(checkpoint)
    return describe(this.input({ type: 'coordinator-snapshotted', checkpoint: id, uid, state }))
  }

  acknowledge(checkpoint: number, names: string, attempt = 1): string[] {
    return names.split('').flatMap((name) => {
      const input = { type: 'acknowledged', handle: handle(checkpoint, name, attempt) } as const
      return describe(this.input({ ...input, checkpoint: checkpointId(checkpoint) }))
    })
  }

  decline(checkpoint: number, name: string, isFailure = true): string[] {
    const failure = { type: 'declined', subtask: subtask(name), reason: 'busy', isFailure } as const
    const id = checkpointId(checkpoint)
    return describe(this.input({ type: 'declined', checkpoint: id, failure }))
  }

  timeout(checkpoint: number): string[] {
    return describe(this.input({ type: 'timed-out', checkpoint: checkpointId(checkpoint) }))
  }

  stored(checkpoint: number): string[] {
    return describe(this.input({ type: 'metadata-stored', checkpoint: checkpointId(checkpoint) }))
  }

  storeFailed(checkpoint: number, isUncertain = false): string[] {
    const input = { type: 'metadata-failed', reason: 'disk full', isUncertain } as const
    return describe(this.input({ ...input, checkpoint: checkpointId(checkpoint) }))
  }

  /** A whole checkpoint: interval, all acknowledgements, storage. */
  complete(): string[] {
    this.interval()
    const id = this.pending?.id ?? 0
    this.acknowledge(id, this.#subtasks.join(''))
    const effects = this.stored(id)
    while (this.state.cleaning > 0) this.cleaned()
    return effects
  }
}

export function subtask(name: string): SubtaskId {
  return subtaskId(vertexId(name), 0)
}

export function handle(checkpoint: number, name: string, attempt = 1): SnapshotHandle {
  const owner = { subtask: subtask(name), attempt: attemptId(attempt) }
  return handleOf(owner, `chk-${checkpoint}/${name}-${attempt}`, 10)
}

function objects(handles: readonly SnapshotHandle[]): string {
  return handles.flatMap(({ keyed }) => objectsIn(keyed)).join()
}

/** `trigger-sources 1`, `notify-aborted 1 (failover), newest complete 0`, `discard chk-1/a-1`, … */
function describe(effects: readonly CoordinatorEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.type) {
      case 'schedule-interval':
        return `interval in ${effect.delayMs}`
      case 'schedule-timeout':
        return `timeout of ${effect.checkpoint} in ${effect.delayMs}`
      case 'skip':
        return `skip: ${effect.reason}${of(effect.savepoint)}`
      case 'store-metadata':
        return `store ${effect.metadata.checkpoint}: ${objects(effect.metadata.handles)}`
      case 'complete': {
        const word = effect.isNotified ? 'notify-complete' : 'complete'
        const { metadata, durationMs, savepoint } = effect
        return `${word} ${metadata.checkpoint} after ${durationMs}${of(savepoint)}`
      }
      case 'notify-aborted': {
        const newest = effect.latestCompleted ?? 'none'
        const { checkpoint, failure, savepoint } = effect
        return `notify-aborted ${checkpoint} (${failure.type}), newest complete ${newest}${of(savepoint)}`
      }
      case 'discard':
        return `discard ${objects(effect.handles)}`
      case 'delete-metadata':
        return `delete ${effect.location}`
      case 'subsume':
        return `subsume ${effect.checkpoint.metadata.checkpoint}`
      case 'fail-job':
        return `fail-job: ${effect.reason}${effect.task === null ? '' : ` (${effect.task})`}`
      case 'trigger-sources': {
        const { id, kind, isFull } = effect.pending
        return `trigger-sources ${id}${kind === 'checkpoint' ? '' : ` ${kind}`}${isFull ? ' full' : ''}`
      }
      case 'announce':
      case 'snapshot-coordinators':
        return `${effect.type} ${effect.checkpoint}`
      case 'cancel-interval':
        return effect.type
      case 'cancel-timeout':
        return `${effect.type} ${effect.checkpoint}`
    }
  })
}

function of(savepoint: { readonly requestId: number } | null): string {
  return savepoint === null ? '' : ` for request ${savepoint.requestId}`
}
