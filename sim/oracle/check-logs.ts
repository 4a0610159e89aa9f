/**
 * Invariants of the logs: what readers saw while the job ran is what stayed (T5), every transaction ends the same way on
 * all its partitions (X6), no epoch comes back (X1), nothing stays open (X4).
 */
import type { History, LogEntry } from '../history/history.ts'
import { sameValue } from './same-value.ts'
import type { Violations } from './violation.ts'

export function checkLogs(history: History, violations: Violations): void {
  for (const {
    topic,
    partition,
    committed,
    observed,
    lastStableOffset,
    highWatermark,
  } of history.outputs) {
    const truth = new Map(committed.map(({ offset, value }) => [offset, value]))
    for (const { offset, value } of observed) {
      const committedValue = truth.get(offset)
      if (committedValue === undefined || !sameValue(committedValue, value)) {
        violations.add(
          'T5',
          `A read_committed reader saw ${topic}/${partition}@${offset}, which was never committed.`,
        )
      }
    }
    if (history.stuck === null && lastStableOffset < highWatermark) {
      violations.add(
        'X4',
        `Readers of ${topic}/${partition} are held at ${lastStableOffset} of ${highWatermark}.`,
      )
    }
  }
  for (const transaction of history.openTransactions) {
    violations.add('X4', `Transaction ${transaction} was still open when the run ended.`)
  }
  checkEpochs(history.log, violations)
  checkAtomicity(history.log, violations)
}

function checkEpochs(log: readonly LogEntry[], violations: Violations): void {
  const newest = new Map<string, number>()
  for (const { topic, partition, offset, producerId, producerEpoch } of log) {
    const name = `${topic}/${partition} ${producerId}`
    const former = newest.get(name) ?? -1
    if (producerEpoch < former) {
      violations.add(
        'X1',
        `${topic}/${partition}@${offset} has epoch ${producerEpoch} of producer ${producerId} behind epoch ${former}.`,
      )
    }
    newest.set(name, Math.max(former, producerEpoch))
  }
}

/** Data of one (producer, epoch) must be followed by one kind of marker, on every partition. */
function checkAtomicity(log: readonly LogEntry[], violations: Violations): void {
  const endings = new Map<string, Set<string>>()
  const open = new Map<string, string>()
  for (const { topic, partition, producerId, producerEpoch, kind } of log) {
    const place = `${topic}/${partition} ${producerId}`
    if (kind === 'data') {
      open.set(place, `${producerId} epoch ${producerEpoch}`)
      continue
    }
    const transaction = open.get(place)
    open.delete(place)
    if (transaction === undefined) continue
    endings.set(transaction, (endings.get(transaction) ?? new Set()).add(kind))
  }
  for (const [transaction, kinds] of endings) {
    if (kinds.size > 1)
      violations.add(
        'X6',
        `The transaction of producer ${transaction} is torn: ${[...kinds].join(' and ')}.`,
      )
  }
  for (const transaction of open.values()) {
    if (endings.has(transaction)) {
      violations.add(
        'X6',
        `The transaction of producer ${transaction} has no end marker on one of its partitions.`,
      )
    }
  }
}
