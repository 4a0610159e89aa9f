/** Window joins as windows over a tagged union, as the API builds them. */
import type { ProcessWindowContext, WindowContents } from '../../../engine/window/window-spec.ts'
import type { Rec } from './cases.ts'

interface Tagged {
  readonly side: 'left' | 'right'
  readonly value: Rec
}

export function joinContents(mode: string | undefined): WindowContents {
  const process = (elements: unknown, context: ProcessWindowContext<unknown, unknown>): void => {
    const records = [...(elements as Iterable<Tagged>)]
    const idsOf = (side: string): number[] =>
      records.filter((record) => record.side === side).map(({ value }) => Number(value['id']))
    const [lefts, rights] = [idsOf('left'), idsOf('right')]
    const { key } = context
    if (mode === 'coGroup') {
      const ascending = (a: number, b: number): number => a - b
      const [left, right] = [lefts.toSorted(ascending), rights.toSorted(ascending)]
      context.collect({ key, left, right })
      return
    }
    for (const left of lefts) for (const right of rights) context.collect({ key, left, right })
  }
  return { type: 'list', process }
}
