/** The optional package rocksdb-native: its databases, or one sentence about why there are none. */

import type RocksDB from 'rocksdb-native'
import { describeError } from '../../errors.ts'
import type { DatabaseFailure } from './database-requests.ts'

/** Exactly the version of package.json, so that what a user is told to install is what was tested. */
const PACKAGE = 'rocksdb-native@3.18.1'

export type RocksDbClass = typeof RocksDB

/** `load` imports the package. */
export async function loadPackage(
  load: () => Promise<{ readonly default: RocksDbClass }>,
): Promise<RocksDbClass | DatabaseFailure> {
  try {
    return (await load()).default
  } catch (error) {
    return { type: 'failed', kind: 'missing-package', reason: missingSentence(error) }
  }
}

function missingSentence(error: unknown): string {
  const isAbsent =
    error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  const machine = `${process.platform} ${process.arch}`
  const why = isAbsent
    ? 'is not installed'
    : `has no program for ${machine} that loads (${firstLine(describeError(error))})`
  return (
    `The state backend "rocksdb" needs the optional package rocksdb-native, which ${why}: ` +
    `run "npm install ${PACKAGE}", or choose state.backend "lsm", which needs no package`
  )
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}
