/** The invariants of the cluster over random scripts (K-I1 to K-I6, K-I8), and that they can fail. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AnyMutant, type BROKER_MUTANTS, type RULE_MUTANTS } from '../../../engine/mutants.ts'
import { Kafka } from './harness.ts'
import { runScript } from './run-script.ts'
import { script, scriptWithMoves } from './script.ts'

/** More scripts, or others: WEIR_RUNS=20000 WEIR_SEED=5. */
const numRuns = Number(process.env['WEIR_RUNS'] ?? 300)
const seed = Number(process.env['WEIR_SEED'] ?? 1)

test('for every script K-I1 to K-I6 hold and no transaction is left open', () => {
  fc.assert(
    fc.property(script, (commands) => void runScript(commands)),
    { numRuns, seed },
  )
})

test('for every script with new transaction coordinators K-I1 to K-I6 hold', () => {
  fc.assert(
    fc.property(scriptWithMoves, (commands) => void runScript(commands)),
    { numRuns, seed },
  )
})

test('K-I8: the same script gives the same facts and the same fingerprint', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const [a, b] = [runScript(commands).kafka.world, runScript(commands).kafka.world]
      expect(JSON.stringify(a.facts)).toBe(JSON.stringify(b.facts))
      expect(a.fingerprint).toBe(b.fingerprint)
    }),
    { numRuns: 50, seed },
  )
})

test('K-I8: other content, another fingerprint', () => {
  const fingerprints = ['a', 'b'].map((value) => {
    const kafka = new Kafka()
    kafka.append(0, value)
    return kafka.world.fingerprint
  })
  expect(fingerprints[0]).not.toBe(fingerprints[1])
})

test('the scripts reach what they are meant to test', () => {
  const reached = new Map<string, number>()
  const count = (what: string, isReached: boolean): void => {
    reached.set(what, (reached.get(what) ?? 0) + (isReached ? 1 : 0))
  }
  for (const commands of fc.sample(script, { numRuns: 200, seed: 1 })) {
    const { world } = runScript(commands).kafka
    const changes = world.factsOf('transaction-state-changed')
    count(
      'commit',
      changes.some(({ state }) => state === 'CompleteCommit'),
    )
    count(
      'abort',
      changes.some(({ state }) => state === 'CompleteAbort'),
    )
    count('fenced', world.factsOf('producer-fenced').length > 0)
    count('duplicate', world.factsOf('duplicate-recognized').length > 0)
    const isBlocked = world
      .factsOf('batch-appended')
      .some(({ highWatermark, lastStableOffset }) => lastStableOffset < highWatermark)
    count('blocked reader', isBlocked)
  }
  for (const [what, runs] of reached) expect(runs, what).toBeGreaterThan(20)
})

const killers: Readonly<Record<keyof typeof BROKER_MUTANTS | keyof typeof RULE_MUTANTS, RegExp>> = {
  'no-epoch-check': /K-I5/,
  'no-sequence-check': /K-I3/,
  'lso-is-high-watermark': /K-I2/,
  'end-txn-answers-early': /K-R24|K-R25/,
  'marker-on-one-partition': /X4|K-I4/,
}

test.each(Object.entries(killers))('the invariants kill the mutant %s', (name, killer) => {
  const mutant = name as AnyMutant
  const details = fc.check(
    fc.property(script, (commands) => void runScript(commands, mutant)),
    { numRuns: 500, seed: 7 },
  )
  expect(details.failed, 'found within 500 scripts').toBe(true)
  expect(String(details.errorInstance)).toMatch(killer)
})
