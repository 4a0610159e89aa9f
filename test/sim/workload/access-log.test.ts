/** Access logs as records of the traffic job. */
import { describe, expect, test } from 'vitest'
import { accessLogLine, accessLogRecords } from '../../../sim/workload/access-log.ts'

const TIME = '[17/May/2015:10:05:03 +0000]'

describe('a line of a log becomes client and bytes', () => {
  test.each([
    [
      'common format',
      `83.149.9.216 - - ${TIME} "GET /a.png HTTP/1.1" 200 203023`,
      '83.149.9.216,203023',
    ],
    [
      'combined format',
      `83.149.9.216 - frank ${TIME} "GET / HTTP/1.1" 200 7 "http://e.org/" "Mozilla/5.0 (X11)"`,
      '83.149.9.216,7',
    ],
    ['no body', `10.0.0.1 - - ${TIME} "HEAD / HTTP/1.1" 304 -`, '10.0.0.1,0'],
    ['a body of nothing', `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200 0`, '10.0.0.1,0'],
    ['a host name', `dyn.example.org - - ${TIME} "GET / HTTP/1.1" 200 5`, 'dyn.example.org,5'],
    ['an IPv6 client', `2001:db8::1 - - ${TIME} "GET / HTTP/1.1" 200 5`, '2001:db8::1,5'],
    ['a user name with spaces', `10.0.0.1 - John Doe ${TIME} "GET / HTTP/1.1" 200 5`, '10.0.0.1,5'],
    ['quotes in the request', `10.0.0.1 - - ${TIME} "GET /\\"x\\" HTTP/1.1" 200 5`, '10.0.0.1,5'],
    ['an empty request', `10.0.0.1 - - ${TIME} "" 400 0`, '10.0.0.1,0'],
    ['a broken user agent', `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200 5 "-" "Mozil`, '10.0.0.1,5'],
  ])('%s', (_, line, record) => {
    expect(accessLogLine(line)).toBe(record)
  })
})

describe('what is no line of a log stays as it is, for the job to call it malformed', () => {
  test.each([
    '',
    'hello',
    '10.0.0.1,5',
    `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200`,
    `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" OK 5`,
    `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200 5x`,
    `10.0.0.1 - - ${TIME} GET / HTTP/1.1 200 5`,
    '10.0.0.1 - - "GET / HTTP/1.1" 200 5',
  ])('%j', (line) => {
    expect(accessLogLine(line)).toBe(line)
  })
})

test('a hostile line is judged in no time', () => {
  const line = `a - ${'['.repeat(20_000)} "${'\\"'.repeat(20_000)}`
  const start = performance.now()
  expect(accessLogLine(line)).toBe(line)
  expect(performance.now() - start).toBeLessThan(2000)
})

test('every line of a whole log is a record, whatever ends the lines', () => {
  const line = `10.0.0.1 - - ${TIME} "GET / HTTP/1.1" 200 5`
  expect(accessLogRecords(`${line}\n\nbroken\n`)).toEqual(['10.0.0.1,5', '', 'broken'])
  expect(accessLogRecords(`${line}\r\n${line}`)).toEqual(['10.0.0.1,5', '10.0.0.1,5'])
  expect(accessLogRecords('')).toEqual([])
})
