/** A plan survives the address bar. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeRunLink, encodeRunLink } from '../../visualizer/plan-url.ts'

test('for every JSON text and hash, decoding the link gives them back', async () => {
  const hash = fc.option(fc.stringMatching(/^[0-9a-f]{1,16}$/))
  await fc.assert(
    fc.asyncProperty(fc.json(), hash, async (planJson, traceHash) => {
      const link = await encodeRunLink({ planJson, traceHash })
      expect(link).toMatch(/^#p=[\w-]*(&h=[0-9a-f]+)?$/)
      expect(await decodeRunLink(link)).toEqual({ planJson, traceHash })
    }),
    { numRuns: 100 },
  )
})

test('a hash without plan is no link', async () => {
  expect(await decodeRunLink('')).toBeNull()
  expect(await decodeRunLink('#timeline')).toBeNull()
})

test.each(['#p=AAAA', '#p=%%%', '#p=q1YqU7KqVkrOz0ksLlGyUoqOrdVRSs5ILEpMLi'])(
  'the damaged link %s is refused in one sentence',
  async (link) => {
    await expect(decodeRunLink(link)).rejects.toThrow(/^The link is damaged: [^.]*\.$/)
  },
)
