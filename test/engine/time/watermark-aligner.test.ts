/** How far the splits of an alignment group may be. */
import { expect, test } from 'vitest'
import {
  NO_REPORTS,
  forget,
  maxAllowedWatermark,
  report,
  reportersOf,
} from '../../../engine/time/watermark-aligner.ts'

const END = Number.POSITIVE_INFINITY

test('the bound is the least report of all sources plus the drift', () => {
  let reports = report(NO_REPORTS, 'a', 0, 100)
  reports = report(reports, 'a', 1, 80)
  reports = report(reports, 'b', 0, 90)
  expect(maxAllowedWatermark(reports, 20)).toBe(100)
  reports = report(reports, 'a', 1, 120)
  expect(maxAllowedWatermark(reports, 20)).toBe(110)
})

test('who is idle or finished holds nobody back; when all are, there is no bound', () => {
  const one = report(report(NO_REPORTS, 'a', 0, END), 'a', 1, 50)
  expect(maxAllowedWatermark(one, 20)).toBe(70)
  expect(maxAllowedWatermark(report(one, 'a', 1, END), 20)).toBe(END)
})

test('before any report nothing is allowed, and nobody is told', () => {
  expect(maxAllowedWatermark(NO_REPORTS, 20)).toBe(Number.NEGATIVE_INFINITY)
  expect(reportersOf(NO_REPORTS, 'a')).toEqual([])
})

test('only those are told the bound who have reported', () => {
  const reports = report(report(NO_REPORTS, 'a', 2, 50), 'b', 0, 50)
  expect(reportersOf(reports, 'a')).toEqual([2])
})

test('a source that starts anew does not count until it reports', () => {
  const reports = report(report(NO_REPORTS, 'a', 0, 10), 'b', 0, 50)
  expect(maxAllowedWatermark(forget(reports, 'a'), 5)).toBe(55)
})

test('reports that were taken before stay as they were', () => {
  const before = report(NO_REPORTS, 'a', 0, 10)
  report(before, 'a', 0, 20)
  forget(before, 'a')
  expect(maxAllowedWatermark(before, 0)).toBe(10)
})
