/** `weir repro`: what there is, what is refused, and the one whole experiment. */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { TestFolder, jsonOf, weir } from './weir.ts'

const folder = new TestFolder()
afterAll(() => {
  folder.remove()
})

describe.concurrent('weir repro', () => {
  test('without a name it lists what there is', async () => {
    const listed = await weir(['repro'])
    expect(listed).toMatchObject({ code: 0, err: '' })
    expect(listed.out).toMatch(/^seed-formula +recovery time = /)
    expect(jsonOf(await weir(['repro', '--json']))).toMatchObject({
      experiments: [{ name: 'seed-formula' }],
    })
  })

  test('an unknown name is refused with one sentence', async () => {
    const refused = await weir(['repro', 'nothing'])
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('There is no experiment "nothing"; there are seed-formula.')
  })

  test('a folder that is not there is told before anything is computed', async () => {
    const refused = await weir(['repro', 'seed-formula', '--plots', '/no/such/folder'])
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('--plots cannot write to /no/such/folder')
  })

  test('the formula is told apart from what is measured', { timeout: 180_000 }, async () => {
    const done = await weir(['repro', 'seed-formula', '--json', '--plots', folder.path('')])
    expect(done).toMatchObject({ code: 0, err: '' })
    const document = jsonOf(done)
    expect(document).toMatchObject({
      results: [{ name: 'seed-formula', verdict: 'reproduced', plot: expect.any(String) }],
    })
    const svg = readFileSync(folder.path('seed-formula.svg'), 'utf8')
    expect(svg.match(/<circle/g)?.length).toBeGreaterThan(60)
  })
})
