/** Makes the keyed state of a subtask: the backend of the job's choice, and above it a changelog if there is to be one. */
import { assert } from '../assert.ts'
import { changelogTopic } from '../changelog/changelog-topics.ts'
import { CHANGELOG_PREFIX, KafkaLog } from '../changelog/kafka-log.ts'
import type { OperatorHandle } from '../checkpoint/snapshot-handle.ts'
import type { ChangelogOptions } from '../job/job-options.ts'
import { KafkaClient } from '../kafka/kafka-client.ts'
import { transactionalPrefix } from '../sink/sink-spec.ts'
import { TRANSACTION_TIMEOUT_MS } from '../sink/sinks.ts'
import { HeapStateBackend, type HeapStateBackendOptions } from '../state/heap-state-backend.ts'
import { keyGroupRange } from '../state/key-groups.ts'
import type { KeyedStateBackend } from '../state/keyed-state-backend.ts'
import { LsmStore } from '../state/lsm/lsm-store.ts'
import type { RowObserver } from '../state/rows/row-observer.ts'
import { TieredStateBackend } from '../state/tiered/tiered-state-backend.ts'
import { SubtaskChangelog } from './subtask-changelog.ts'
import type { SubtaskEnvironment } from './subtask-environment.ts'

/** Rows in memory above a store that is not: reading one from there takes much longer than from any table. */
const WORKING_ROWS_MAX = 1 << 20

export interface KeyedStateHost {
  readonly fail: (reason: string) => void
  /** Whatever waits for commits may go on. */
  readonly wake: () => void
}

export interface SubtaskKeyedState {
  readonly backend: KeyedStateBackend
  readonly changelog: SubtaskChangelog | null
}

export function createKeyedState(env: SubtaskEnvironment, host: KeyedStateHost): SubtaskKeyedState {
  const { changelog: settings } = env.graph.settings.state
  if (settings === null) return { backend: createStateBackend(env), changelog: null }
  const changelog = new SubtaskChangelog(env, {
    kafka: settings.log.type === 'kafka' ? createKafkaLog(env, settings.log, host) : null,
    materializeIntervalMs: settings.materializeIntervalMs,
    createInner: (tracker) => createStateBackend(env, tracker),
    fail: host.fail,
  })
  return { backend: changelog.backend, changelog }
}

/** What the operators of a vertex restore: without what its changelog keeps there. */
export function operatorsOnly(operators: readonly OperatorHandle[]): readonly OperatorHandle[] {
  return operators.map(({ uid, operatorState }) => ({
    uid,
    operatorState: operatorState.filter(({ name }) => !name.startsWith(CHANGELOG_PREFIX)),
  }))
}

/** Without a changelog. */
export function createStateBackend(
  env: SubtaskEnvironment,
  observer?: RowObserver,
): KeyedStateBackend {
  const { maxParallelism, parallelism, nodes } = env.vertex
  const { deployment, mutants } = env
  // Mutant: against a clock that stands at the beginning nothing that was restored expires.
  const isStopped = deployment.restore !== null && mutants.active('ttl-ignored-after-restore')
  const options: HeapStateBackendOptions = {
    maxParallelism,
    range: keyGroupRange(deployment.index, maxParallelism, parallelism),
    aliasSnapshots: mutants.active('snapshot-aliases-state'),
    forgetsTimers: mutants.active('timers-not-restored'),
    processingTime: () => (isStopped ? 0 : Math.floor(env.runtime.now())),
    ...(env.isStrict ? { strict: { operator: nodes[0]?.name ?? env.vertex.id } } : {}),
    ...(observer === undefined ? {} : { observer }),
  }
  const { backend } = env.graph.settings.state
  if (backend === 'heap') return new HeapStateBackend(options)
  const sharesAborted = mutants.active('aborted-upload-shared')
  if (backend === 'lsm') {
    const store = new LsmStore()
    return new TieredStateBackend({ ...options, base: store, runs: store, sharesAborted })
  }
  const base = env.openBaseStore?.(deployment)
  assert(base !== undefined, `The world of ${deployment.subtask} has no "${backend}".`)
  const { runs } = base
  return new TieredStateBackend({
    ...options,
    base,
    sharesAborted,
    rowsMax: WORKING_ROWS_MAX,
    ...(runs === undefined ? {} : { runs }),
  })
}

function createKafkaLog(
  env: SubtaskEnvironment,
  log: Extract<ChangelogOptions['log'], { type: 'kafka' }>,
  { fail, wake }: KeyedStateHost,
): KafkaLog {
  const { runtime, broker, mutants, vertex, deployment, graph } = env
  const { subtask, index: subtaskIndex, attempt } = deployment
  const { maxParallelism, parallelism, nodes } = vertex
  const uid = nodes[0]?.uid ?? vertex.id
  const name = `${uid}-changelog`
  return new KafkaLog({
    client: new KafkaClient(runtime, broker, `${name}-${subtaskIndex}`),
    runtime,
    keyGroups: keyGroupRange(subtaskIndex, maxParallelism, parallelism),
    retained: graph.settings.checkpointing?.retained ?? 1,
    transactions: {
      runtime,
      mutants,
      subtask,
      subtaskIndex,
      parallelism,
      attempt,
      owner: `The changelog of "${uid}"`,
      topic: changelogTopic(log.topic, vertex),
      prefix: transactionalPrefix({ transactionalIdPrefix: null }, graph.name, name),
      transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
      wake,
      fail,
    },
  })
}
