/**
 * Window joins: the records of two streams that have the same key and lie in the same window. As in Flink, a join is a
 * union of the two streams, tagged, with a window operator behind it. Source: Flink JoinedStreams, CoGroupedStreams.
 */
import type { Trigger, WindowAssigner } from '../window/window-spec.ts'
import type { DataStream } from './data-stream.ts'
import type { OperatorOptions } from './operator-options.ts'

export interface JoinOptions<L, R, K> {
  /** The key of this stream's records. */
  readonly where: { method(left: L): K }['method']
  /** The key of the other stream's records. */
  readonly equalTo: { method(right: R): K }['method']
  readonly window: WindowAssigner<NoInfer<L | R>>
  /** Default: the window's. */
  readonly trigger?: Trigger<NoInfer<Tagged<L, R>>>
  /** How long behind the watermark a window stays for late records, which are joined again. Default 0. */
  readonly allowedLatenessMs?: number
}

/** A record of a join with the side it comes from. */
export type Tagged<L, R> =
  { readonly side: 'left'; readonly value: L } | { readonly side: 'right'; readonly value: R }

export class JoinedStreams<L, R, K> {
  readonly #left: DataStream<L>
  readonly #right: DataStream<R>
  readonly #options: JoinOptions<L, R, K>

  constructor(left: DataStream<L>, right: DataStream<R>, options: JoinOptions<L, R, K>) {
    this.#left = left
    this.#right = right
    this.#options = options
  }

  /** Once for each pair in a window, at each firing. */
  apply<O>(join: (left: L, right: R) => O, options: OperatorOptions = {}): DataStream<O> {
    return this.#coGroup<O>(
      (lefts, rights, collect) => {
        for (const left of lefts) for (const right of rights) collect(join(left, right))
      },
      { name: 'join', ...options },
    )
  }

  /** Once for each key and window, at each firing, also when one side is empty. */
  coGroup<O>(
    coGroup: (lefts: readonly L[], rights: readonly R[]) => Iterable<O>,
    options: OperatorOptions = {},
  ): DataStream<O> {
    return this.#coGroup<O>(
      (lefts, rights, collect) => {
        for (const result of coGroup(lefts, rights)) collect(result)
      },
      { name: 'coGroup', ...options },
    )
  }

  #coGroup<O>(
    apply: (lefts: readonly L[], rights: readonly R[], collect: (value: O) => void) => void,
    options: OperatorOptions & { readonly name: string },
  ): DataStream<O> {
    const { where, equalTo, window, trigger, allowedLatenessMs } = this.#options
    const name = options.uid ?? options.name
    const lefts = this.#left.map<Tagged<L, R>>((value) => ({ side: 'left', value }), {
      name: `${name}-left`,
    })
    const rights = this.#right.map<Tagged<L, R>>((value) => ({ side: 'right', value }), {
      name: `${name}-right`,
    })
    return lefts
      .union(rights)
      .keyBy((tagged) => (tagged.side === 'left' ? where(tagged.value) : equalTo(tagged.value)))
      .window(untagged(window), {
        ...(trigger === undefined ? {} : { trigger }),
        ...(allowedLatenessMs === undefined ? {} : { allowedLatenessMs }),
      })
      .process<O>((elements, context) => {
        const left: L[] = []
        const right: R[] = []
        for (const tagged of elements) {
          if (tagged.side === 'left') left.push(tagged.value)
          else right.push(tagged.value)
        }
        apply(left, right, (value) => {
          context.collect(value)
        })
      }, options)
  }
}

/** A session's gap may depend on the record, which is inside the tag here. */
function untagged<L, R>(assigner: WindowAssigner<L | R>): WindowAssigner<Tagged<L, R>> {
  if (assigner.type !== 'session') return assigner
  const { type, time, gap } = assigner
  return { type, time, gap: typeof gap === 'number' ? gap : ({ value }) => gap(value) }
}
