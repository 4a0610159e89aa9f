/**
 * Known bugs that can be switched on to prove that our checks find them (known-bugs.md, part B). The code of a
 * mutant stands beside the right code as one condition on `active`, which also counts how often it was reached:
 * a mutant that was never reached is not killed, it is not tested.
 */

export const ENGINE_MUTANTS = {
  'barrier-not-aligned': 'B-1: a blocked input is read on before the snapshot',
  'snapshot-aliases-state': 'B-3: later updates leak into a snapshot that is still being written',
  'checkpoint-completes-early': 'B-6: a checkpoint completes with one acknowledgement missing',
  'savepoint-subsumes-checkpoint':
    'A-19 (FLINK-21351): a savepoint takes the place of the newest checkpoint',
  'savepoint-commits': 'the completion of a savepoint is told, so that sinks commit',
  'key-group-range-off': 'B-10: a restored subtask leaves out the first of its key groups',
  'restore-older-checkpoint':
    'B-5/A-22: recovery restores the checkpoint before the newest completed one',
  'offset-of-last-read':
    'B-17: the snapshot holds the last offset read instead of the next to read',
  'restart-from-group-offsets': 'B-18: recovery starts at the committed group offsets',
  'commit-on-pre-commit':
    'B-24: a transaction is committed without waiting for the completed checkpoint',
  'handles-not-in-snapshot': 'B-25: pre-committed transactions are missing in the snapshot',
  'abort-on-restore': 'B-26: restored transactions are aborted instead of committed',
  'fence-before-recommit':
    'B-27: a restored sink fences its transactional ids before it commits what they prepared',
  'sum-emits-former-total': 'the running sum is emitted before the record is added to it',
  'barrier-sent-twice': 'a barrier is sent twice on every channel',
  'batch-reversed': 'a producer sends the records of a batch in reverse',
  'snapshot-truncated': 'the end of a snapshot object is not written, and nobody notices',
  'flush-omitted': 'B-29: a transaction is prepared while its records are still in the client',
  'random-transactional-id': 'B-30: every attempt uses new transactional ids, so nobody is fenced',
  'timers-not-restored': 'B-4: a restored subtask has its states, but not its timers',
  'timer-under-former-key':
    'A-29 (FLINK-26063): a timer fires under the key that was current before',
  'window-not-cleared': 'the contents of a window stay in the state when it is over',
  'merged-session-loses-part': 'the latest of the windows that become one session is forgotten',
  'snapshot-after-barrier':
    'B-2: the snapshot is taken when records behind the barrier have been processed',
  'in-flight-dropped': 'B-8: what an unaligned barrier overtook is missing in the snapshot',
  'unaligned-consumes-behind-barrier':
    'A-26 (FLINK-17568): records are processed between an unaligned barrier and the snapshot',
  'master-forgets-checkpoints': 'a job master that takes over begins without a checkpoint',
  'checkpoint-id-reused':
    'a job master that takes over gives ids of checkpoints that its predecessor had given',
  'lost-event-ignored':
    'A-25 (FLINK-21996): a lost assignment of splits counts as confirmed, and nobody reads them',
  'shared-run-deleted':
    'B-12: a subsumed checkpoint takes runs with it that the newer one names, too',
  'local-copy-shared-by-operators':
    'A-32 (FLINK-12296): local copies of all subtasks lie in one directory',
  'stale-local-copy': 'a restart in place takes an old local copy for the one it needs',
  'commits-newest-first': 'a sink commits the newest of its prepared transactions first',
  'broadcast-restored-once': 'only the first subtask gets broadcast state back',
} as const

/**
 * Engine bugs in what no shipped job uses, or shows only without failures: test/mutants kills them, with jobs of its own.
 */
export const FEATURE_MUTANTS = {
  'idle-channel-holds-back': 'event time waits for a channel that said that it is idle',
  'returning-channel-sets-back': 'a channel that is active again sets the watermark back',
  'late-record-accepted': 'a record for a window that is over makes it once more',
  'in-flight-not-in-snapshot':
    'B-4: records that wait for an answer of a service are missing in the snapshot',
  'channel-state-not-redistributed':
    'A-28 (FLINK-31963): records in flight to operators without state do not come back',
  'union-list-dealt-out': 'a subtask gets its own part of a union list back, not all',
  'ttl-ignored-after-restore': 'what was restored does not expire',
  'changelog-restored-to-end':
    'A-47 (KAFKA-16017): a changelog is restored to its end, what was never committed included',
  'changelog-stops-early':
    'A-46 (KAFKA-10167): a changelog is restored to its last stable offset, wherever that is',
  'compaction-drops-needed':
    'A-42 and its like: compaction takes records of open transactions for committed ones',
  'unreadable-checkpoint-skipped':
    'A-22 (FLINK-22502): a newest checkpoint that cannot be read is silently passed over',
  'region-too-small':
    'B-14: a failed subtask restarts alone, without those it exchanges records with',
  'lost-worker-ignored': 'the job master gives a lost worker up, but not what ran on it',
  'checksum-ignored': 'B-13: what was stored is believed, whatever its checksums say',
  'aborted-upload-shared':
    'A-21 (FLINK-25395): a snapshot names runs that a checkpoint wrote which was never completed',
  'stop-ends-input':
    'A-33 (FLINK-21132): stop-with-savepoint ends time and the input, as if the job were to drain',
  'final-checkpoint-skipped': 'a job that ends does not wait for the checkpoint that commits',
} as const

export const BROKER_MUTANTS = {
  'no-epoch-check': 'B-37: the log accepts produce requests of a fenced producer',
  'no-sequence-check': 'B-39: the log appends a repeated batch again',
  'lso-is-high-watermark': 'B-41: read_committed readers see open transactions',
  'marker-on-one-partition':
    'B-44: the end marker reaches only the first partition of a transaction',
} as const

/**
 * Broker bugs that Weir's own client cannot meet: it gets a new epoch before every transaction. The rule tests of the
 * simulated cluster kill them, with clients that are less careful.
 */
export const RULE_MUTANTS = {
  'end-txn-answers-early':
    'B-43: EndTxn during the previous completion answers success and does nothing',
} as const

/** Bugs of the checkpoint coordinator that no run shows by itself: the tests of its step function kill them. */
export const COORDINATOR_MUTANTS = {
  'late-ack-accepted': 'B-7: an acknowledgement of another attempt counts',
  'expired-not-counted':
    'A-34 (FLINK-17351): checkpoints that take too long do not count as failed',
  'state-deleted-on-unknown-outcome':
    'A-23 (FLINK-22494): metadata that may be stored names objects that were deleted',
  'pending-not-rechecked':
    'A-35 (FLINK-27148): a checkpoint that was aborted while it was triggered is expected to be there',
} as const

/** The mutants that a plan can switch on. */
export type MutantName =
  keyof typeof ENGINE_MUTANTS | keyof typeof BROKER_MUTANTS | keyof typeof FEATURE_MUTANTS

/** Every mutant of a plan with the sentence that explains it. */
export const MUTANTS: Readonly<Record<MutantName, string>> = {
  ...ENGINE_MUTANTS,
  ...BROKER_MUTANTS,
  ...FEATURE_MUTANTS,
}

/** Also those that only tests of single modules switch on. */
export type AnyMutant = MutantName | keyof typeof RULE_MUTANTS | keyof typeof COORDINATOR_MUTANTS

/** The switch of one run; at most one mutant is on. */
export class Mutants {
  readonly #on: AnyMutant | null
  #hits = 0

  constructor(on: AnyMutant | null = null) {
    this.#on = on
  }

  /** True when `name` is switched on; then the call counts as a hit. */
  active(name: AnyMutant): boolean {
    if (name !== this.#on) return false
    this.#hits += 1
    return true
  }

  get hits(): number {
    return this.#hits
  }
}
