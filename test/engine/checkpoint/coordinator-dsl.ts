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
} from '../../../engine/checkpoint/checkpoint-coordinator.ts'
import { newCoordinator, step } from '../../../engine/checkpoint/checkpoint-coordinator.ts'
import type { CheckpointFailure } from '../../../engine/checkpoint/failure.ts'
import type { SnapshotHandle } from '../../../engine/checkpoint/snapshot-handle.ts'
import { type AttemptId, attemptId, checkpointId, millis } from '../../../engine/ids.ts'
import { type SubtaskId, subtaskId, vertexId } from '../../../engine/ids.ts'
import { handleOf, objectsIn } from '../snapshot-handles.ts'

const DEFAULTS: CoordinatorConfig = {
  intervalMs: 100,
  minPauseMs: 0,
  timeoutMs: 1000,
  tolerableFailures: 0,
}

export class Coordination {
  state: CoordinatorState = newCoordinator()
  readonly config: CoordinatorConfig
  readonly #subtasks: readonly string[]
  readonly #coordinators: readonly string[]
  now = 0

  constructor(
    config: Partial<CoordinatorConfig> = {},
    subtasks: readonly string[] = ['a', 'b'],
    coordinators: readonly string[] = [],
  ) {
    this.config = { ...DEFAULTS, ...config }
    this.#subtasks = subtasks
    this.#coordinators = coordinators
  }

  input(input: CoordinatorInput): readonly CoordinatorEffect[] {
    const context = { config: this.config, now: millis(this.now), missingAllowed: 0 }
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
    return describe(this.input({ type: 'interval-elapsed', plan: this.plan(attempt) }))
  }

  intervalWhileDeploying(): string[] {
    const plan: TriggerPlan = { expected: null, coordinators: this.#coordinators }
    return describe(this.input({ type: 'interval-elapsed', plan }))
  }

  plan(attempt: number): TriggerPlan {
    const expected = this.#subtasks.map((name) => [subtask(name), attemptId(attempt)] as const)
    return { expected: new Map<SubtaskId, AttemptId>(expected), coordinators: this.#coordinators }
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

  storeFailed(checkpoint: number): string[] {
    const input = { type: 'metadata-failed', reason: 'disk full' } as const
    return describe(this.input({ ...input, checkpoint: checkpointId(checkpoint) }))
  }

  /** A whole checkpoint: interval, all acknowledgements, storage. */
  complete(): string[] {
    this.interval()
    const id = this.state.pending?.id ?? 0
    this.acknowledge(id, this.#subtasks.join(''))
    return this.stored(id)
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
        return `skip: ${effect.reason}`
      case 'store-metadata':
        return `store ${effect.metadata.checkpoint}: ${objects(effect.metadata.handles)}`
      case 'notify-complete':
        return `notify-complete ${effect.metadata.checkpoint} after ${effect.durationMs}`
      case 'notify-aborted':
        return `notify-aborted ${effect.checkpoint} (${effect.failure.type}), newest complete ${effect.latestCompleted ?? 'none'}`
      case 'discard':
        return `discard ${objects(effect.handles)}`
      case 'subsume':
        return `subsume ${effect.metadata.checkpoint}`
      case 'fail-job':
        return `fail-job: ${effect.reason}`
      case 'announce':
      case 'snapshot-coordinators':
      case 'trigger-sources':
        return `${effect.type} ${effect.checkpoint}`
      case 'cancel-interval':
      case 'cancel-timeout':
        return effect.type
    }
  })
}
