/** Versions of runs. */
import { expect, test } from 'vitest'
import {
  FIRST_VERSION,
  increased,
  isCompatible,
  isEqualVersion,
  withStage,
} from '../../../engine/cep/dewey-number.ts'

test('a branch counts the last digit up, a stage adds a digit', () => {
  expect(increased([1, 0], 2)).toEqual([1, 2])
  expect(withStage(increased(FIRST_VERSION, 1))).toEqual([2, 0])
})

test('a run went along edges of its own past and of earlier branches of its stage', () => {
  expect(isCompatible([1, 0, 0], [1, 0])).toBe(true)
  expect(isCompatible([1, 2], [1, 1])).toBe(true)
  expect(isCompatible([1, 2], [1, 2])).toBe(true)
})

test('a run did not go along edges of other runs, of later branches or of longer runs', () => {
  expect(isCompatible([2, 0, 0], [1, 0])).toBe(false)
  expect(isCompatible([1, 1, 0], [1, 0])).toBe(false)
  expect(isCompatible([1, 1], [1, 2])).toBe(false)
  expect(isCompatible([1], [1, 0])).toBe(false)
})

test('versions are equal digit by digit', () => {
  expect(isEqualVersion([1, 0], [1, 0])).toBe(true)
  expect(isEqualVersion([1, 0], [1])).toBe(false)
  expect(isEqualVersion([1, 0], [1, 1])).toBe(false)
})
