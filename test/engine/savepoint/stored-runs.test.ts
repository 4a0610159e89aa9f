// The state processor reads incremental checkpoints of sorted runs as it reads key groups.

import { expect, test } from 'vitest'
import { decodeMetadata } from '../../../engine/checkpoint/checkpoint-metadata.ts'
import { describeCheckpoint } from '../../../engine/savepoint/describe-checkpoint.ts'
import { objectsToRead, readVertices } from '../../../engine/savepoint/stored-state.ts'
import type { PlanConfig } from '../../../sim/plan/plan.ts'
import { storedCheckpoints } from '../../properties/stored-checkpoints.ts'

function keysOf(config: PlanConfig): unknown {
  const stored = storedCheckpoints(3, config)
  const location = 'chk-3/_metadata'
  const metadata = decodeMetadata(stored.get(location) ?? new Uint8Array(), location)
  if (typeof metadata === 'string') throw new Error(metadata)
  for (const { key } of objectsToRead(metadata)) expect(stored.has(key)).toBe(true)
  const vertices = readVertices(metadata, stored)
  return vertices.map(({ vertex, subtasks }) => ({
    vertex,
    groups: subtasks.map(({ keyGroups }) => keyGroups?.map(({ keyGroup }) => keyGroup)),
  }))
}

test('a checkpoint of runs has the key groups that one of key groups has', () => {
  const runs = keysOf({ stateBackend: 'lsm', incremental: true })
  expect(runs).toEqual(keysOf({ stateBackend: 'lsm' }))
  expect(JSON.stringify(runs)).toContain('keeper')
})

test('and all of its states are described', () => {
  const stored = storedCheckpoints(2, { stateBackend: 'lsm', incremental: true })
  const location = 'chk-2/_metadata'
  const metadata = decodeMetadata(stored.get(location) ?? new Uint8Array(), location)
  if (typeof metadata === 'string') throw new Error(metadata)
  const description = describeCheckpoint(metadata, readVertices(metadata, stored))
  const described = JSON.stringify(description)
  for (const name of ['secrets', 'fading-list', 'mean']) expect(described).toContain(name)
})
