/**
 * Which topics exist and who leads their partitions. The two internal topics hold what the coordinators must not
 * forget; their partitions come into being when they are first used.
 */
import { assert, present } from '../../engine/assert.ts'

export const OFFSETS_TOPIC = '__consumer_offsets'
export const TRANSACTIONS_TOPIC = '__transaction_state'
const INTERNAL_PARTITIONS = 50

type InternalTopic = typeof OFFSETS_TOPIC | typeof TRANSACTIONS_TOPIC

/** Makes the leader of one partition. */
type LeaderFactory<L> = (topic: string, partition: number, isInternal: boolean) => L

export class Topics<L> {
  readonly #createLeader: LeaderFactory<L>
  readonly #topics = new Map<string, readonly L[]>()
  readonly #internal: Record<InternalTopic, Map<number, L>> = {
    [OFFSETS_TOPIC]: new Map(),
    [TRANSACTIONS_TOPIC]: new Map(),
  }

  constructor(createLeader: LeaderFactory<L>) {
    this.#createLeader = createLeader
  }

  create(topic: string, partitions: number): readonly L[] {
    assert(!this.#topics.has(topic) && !isInternal(topic), `Topic ${topic} exists already.`)
    assert(partitions > 0, `Topic ${topic} has at least one partition.`)
    const leaders = Array.from({ length: partitions }, (_, i) =>
      this.#createLeader(topic, i, false),
    )
    this.#topics.set(topic, leaders)
    return leaders
  }

  /** Creates the topic, or adds partitions to it; Kafka never takes any away. */
  setPartitions(topic: string, partitions: number): void {
    const leaders = this.#topics.get(topic)
    if (leaders === undefined) {
      this.create(topic, partitions)
      return
    }
    assert(partitions >= leaders.length, `Topic ${topic} loses no partition.`)
    const added = Array.from({ length: partitions - leaders.length }, (_, i) =>
      this.#createLeader(topic, leaders.length + i, false),
    )
    this.#topics.set(topic, [...leaders, ...added])
  }

  /** Without internal topics, in the order of their creation. */
  get list(): readonly (readonly [topic: string, leaders: readonly L[]])[] {
    return [...this.#topics]
  }

  findPartitions(topic: string): readonly L[] | undefined {
    if (!isInternal(topic)) return this.#topics.get(topic)
    return Array.from({ length: INTERNAL_PARTITIONS }, (_, i) => this.get(topic, i))
  }

  find(topic: string, partition: number): L | undefined {
    if (!isInternal(topic)) return this.#topics.get(topic)?.[partition]
    if (partition < 0 || partition >= INTERNAL_PARTITIONS) return undefined
    const leaders = this.#internal[topic]
    let leader = leaders.get(partition)
    if (leader === undefined) {
      leader = this.#createLeader(topic, partition, true)
      leaders.set(partition, leader)
    }
    return leader
  }

  get(topic: string, partition: number): L {
    return present(this.find(topic, partition), `There is no partition ${topic}-${partition}.`)
  }
}

/** The partition of an internal topic that is responsible for a group or transactional id (K-R20). */
export function internalPartitionOf(key: string): number {
  // Java's String.hashCode, because Kafka's answer depends on it.
  let hash = 0
  for (let i = 0; i < key.length; i += 1) hash = (Math.imul(31, hash) + key.charCodeAt(i)) | 0
  return (hash === -2_147_483_648 ? 0 : Math.abs(hash)) % INTERNAL_PARTITIONS
}

/** Clients may read them, but not write them. */
export function isInternal(topic: string): topic is InternalTopic {
  return topic === OFFSETS_TOPIC || topic === TRANSACTIONS_TOPIC
}
