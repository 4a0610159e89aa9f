/**
 * The cleaner of the compacted topics: by time where cleaning is worth it, and at once when somebody orders it. Must not
 * know what a log may lose: that is the log's business.
 */
import { present } from '../../engine/assert.ts'
import type { ClusterSettings, ClusterWorld, CompactionPolicy } from './cluster-options.ts'
import type { PartitionLeader } from './partition-leader.ts'
import type { Topics } from './topics.ts'

export class LogCleaner {
  readonly #topics: Topics<PartitionLeader>
  readonly #world: ClusterWorld
  readonly #backoffMs: number
  readonly #policies: ReadonlyMap<string, CompactionPolicy>

  constructor(topics: Topics<PartitionLeader>, world: ClusterWorld, settings: ClusterSettings) {
    this.#topics = topics
    this.#world = world
    this.#backoffMs = settings.cleanerBackoffMs
    this.#policies = new Map(
      settings.topics.flatMap(({ topic, compaction }) =>
        compaction === undefined
          ? []
          : [[topic, { minCompactionLagMs: 0, deleteRetentionMs: 86_400_000, ...compaction }]],
      ),
    )
    if (this.#policies.size > 0) this.#schedule()
  }

  get topics(): readonly string[] {
    return [...this.#policies.keys()]
  }

  /** Cleans all partitions of a compacted topic, the newest records too; how many it took away. */
  compact(topic: string): number {
    return this.#clean(topic, true)
  }

  #schedule(): void {
    this.#world.schedule(this.#backoffMs, 'log-cleaner', () => {
      for (const topic of this.#policies.keys()) this.#clean(topic, false)
      this.#schedule()
    })
  }

  #clean(topic: string, isForced: boolean): number {
    const policy = present(this.#policies.get(topic), `Topic ${topic} is not compacted.`)
    let removed = 0
    for (const { log } of this.#topics.findPartitions(topic) ?? []) {
      removed += log.compact(this.#world.now(), policy, isForced)
    }
    this.#world.mix(removed)
    return removed
  }
}
