// The suite of all state backends with RocksDB below: the naive model, incremental snapshots, restores, rescaling.

import fc from 'fast-check'
import { afterAll, expect, test, vi } from 'vitest'
import { RocksDbState } from '../../../../engine/node/rocksdb/rocksdb-state.ts'
import type { RocksDbStore } from '../../../../engine/node/rocksdb/rocksdb-store.ts'
import { TieredStateBackend } from '../../../../engine/state/tiered/tiered-state-backend.ts'
import type { NamedBackend } from '../../state/backends.ts'
import { anyCommands, type Command } from '../../state/state-commands.ts'
import { StateWorld, type WorldOptions } from '../../state/state-world.ts'
import { describeRocksDb, temporaryDirectory } from './rocksdb-here.ts'

/** Databases are opened a hundred times, which takes long on a busy machine. */
vi.setConfig({ testTimeout: 120_000 })

describeRocksDb('rocksdb', () => {
  const state = new RocksDbState(temporaryDirectory())
  afterAll(() => state.close())

  /** Opening a database takes much longer than what is done with it here, so there are fewer runs. */
  function check(options: WorldOptions, rowsMax: number, numRuns: number): Outcome {
    const details = fc.check(
      fc.property(anyCommands, (commands) => {
        const opened: RocksDbStore[] = []
        const create: NamedBackend['create'] = (common) => {
          const base = state.open(true)
          opened.push(base)
          const { runs } = base
          if (runs === undefined) throw new Error('The store keeps no runs.')
          return new TieredStateBackend({ ...common, base, runs, rowsMax })
        }
        try {
          new StateWorld({ ...options, create }).run(withoutMerges(options, commands))
        } finally {
          for (const store of opened) store.close()
        }
      }),
      { numRuns, endOnFailure: true },
    )
    return { failed: details.failed, report: fc.defaultReportMessage(details) }
  }

  test('for all operations, snapshots, restores and rescalings, every state is what a naive model says', () => {
    const outcome = check({}, 65_536, 8)
    expect(outcome.failed, outcome.report).toBe(false)
  })

  test('nearly every access goes to the database, and is what the model says', () => {
    const outcome = check({}, 2, 8)
    expect(outcome.failed, outcome.report).toBe(false)
  })

  test('with a TTL, too', () => {
    const ttl = { timeToLiveMs: 10, update: 'on-read-and-write' } as const
    const outcome = check({ ttl }, 2, 6)
    expect(outcome.failed, outcome.report).toBe(false)
  })

  test('snapshots of runs, each upon the one before, hold the same', () => {
    const outcome = check({ isIncremental: true }, 2, 12)
    expect(outcome.failed, outcome.report).toBe(false)
  })

  test('the mutant that aliases snapshots is caught by that property', () => {
    expect(check({ aliasSnapshots: true }, 65_536, 300).failed).toBe(true)
  })
})

interface Outcome {
  readonly failed: boolean
  readonly report: string | undefined
}

function withoutMerges({ ttl }: WorldOptions, commands: readonly Command[]): readonly Command[] {
  return ttl === undefined ? commands : commands.filter(({ type }) => type !== 'merge')
}
