/** Places on lines with bends. */
import { expect, test } from 'vitest'
import { placeAt, polyline, route } from '../../visualizer/layout/geometry.ts'

const BENT = route({ x: 0, y: 0 }, { x: 10, y: 30 }, [{ x: 10, y: 0 }])

test('the length of a line is that of its pieces', () => {
  expect(BENT.length).toBe(40)
})

test('a share of a line is a share of its length, whatever pieces it has', () => {
  expect(placeAt(BENT, 0)).toEqual({ x: 0, y: 0, angle: 0 })
  expect(placeAt(BENT, 0.125)).toEqual({ x: 5, y: 0, angle: 0 })
  expect(placeAt(BENT, 0.5)).toEqual({ x: 10, y: 10, angle: 90 })
  expect(placeAt(BENT, 1)).toEqual({ x: 10, y: 30, angle: 90 })
})

test('outside of the line is its end; a line without length is a point', () => {
  expect(placeAt(BENT, 2)).toEqual(placeAt(BENT, 1))
  expect(placeAt(BENT, -1)).toEqual(placeAt(BENT, 0))
  const point = { x: 3, y: 4 }
  expect(placeAt(route(point, point), 0.5)).toMatchObject(point)
})

test('a line as the points of a polyline', () => {
  expect(polyline(BENT)).toBe('0,0 10,0 10,30')
})
