/** The life of a function: opening, closing, one for each subtask, and its operator list states. */
import { describe, expect, test } from 'vitest'
import { ConfigurationError, UserFunctionError } from '../../../engine/errors.ts'
import type { ProcessFunction } from '../../../engine/operator/functions.ts'
import type { OperatorStates } from '../../../engine/operator/operator-states.ts'
import { text } from '../../../engine/serializer.ts'
import { listState } from '../../../engine/state/descriptors.ts'
import { Operating, type Saved } from './operating.ts'

type Process = ProcessFunction<unknown, unknown>

function operating(process: Process, saved: Saved | null = null): Operating {
  return new Operating({ type: 'process', process }, null, saved)
}

describe('its life', () => {
  const logging = (log: string[]): Process => ({
    initializeState: ({ isRestored }) => log.push(`initialize ${isRestored}`),
    open: () => log.push('open'),
    processElement: (value) => log.push(`process ${String(value)}`),
    snapshotState: ({ checkpoint }) => log.push(`snapshot ${checkpoint}`),
    close: () => log.push('close'),
  })

  test('goes from initializeState to close', () => {
    const log: string[] = []
    const subtask = operating(logging(log))
    subtask.process('a')
    subtask.save()
    subtask.operator.close?.()
    subtask.operator.close?.()
    expect(log).toEqual(['initialize false', 'open', 'process a', 'snapshot 1', 'close'])
  })

  test('knows whether it goes on from a checkpoint', () => {
    const log: string[] = []
    operating(logging(log), { segments: [], entries: [] })
    expect(log).toEqual(['initialize true', 'open'])
  })

  test('a function that could not be opened is not closed', () => {
    const log: string[] = []
    const failing: Process = {
      ...logging(log),
      open: () => {
        throw new TypeError('no')
      },
    }
    expect(() => operating(failing)).toThrow(UserFunctionError)
    expect(log).toEqual(['initialize false'])
  })

  test('what close throws is too late to matter', () => {
    const subtask = operating({
      processElement: () => undefined,
      close: () => {
        throw new TypeError('late')
      },
    })
    expect(() => subtask.operator.close?.()).not.toThrow()
  })

  test('each subtask has a function of its own if it can be copied', () => {
    class Counting implements Process {
      #count = 0
      copy(): Process {
        return new Counting()
      }
      processElement(_: unknown, context: { collect(value: unknown): void }): void {
        this.#count += 1
        context.collect(this.#count)
      }
    }
    const template = new Counting()
    const [first, second] = [operating(template), operating(template)]
    expect([1, 2].flatMap((value) => first.process(value))).toEqual([1, 2])
    expect(second.process(1)).toEqual([1])
  })
})

describe('operator list states', () => {
  const waiting = listState<string>('waiting')

  /** Keeps what it is given until there are three of it. */
  class Batching implements Process {
    #waiting: string[] = []
    copy(): Process {
      return new Batching()
    }
    initializeState(context: OperatorStates): void {
      this.#waiting = [...context.listState(waiting).get()]
    }
    snapshotState(context: OperatorStates): void {
      context.listState(waiting).update(this.#waiting)
    }
    processElement(value: unknown, context: { collect(value: unknown): void }): void {
      this.#waiting.push(String(value))
      if (this.#waiting.length < 3) return
      context.collect(this.#waiting.join('+'))
      this.#waiting = []
    }
  }

  test('bring back what a snapshot took', () => {
    const before = operating(new Batching())
    before.process('a')
    before.process('b')
    expect(operating(new Batching(), before.save()).process('c')).toEqual(['a+b+c'])
  })

  test('a snapshot shows the moment at which it was taken', () => {
    const before = operating(new Batching())
    before.process('a')
    const saved = before.save()
    before.process('b')
    expect(operating(new Batching(), saved).process('c')).toEqual([])
  })

  test('are dealt out as their kind says, with the serializer of their descriptor', () => {
    const process: Process = {
      processElement: () => undefined,
      snapshotState(context) {
        context.listState(listState('mine', text)).add('a')
        context.unionListState(listState('all', text)).addAll(['b', 'c'])
      },
    }
    expect(operating(process).save().entries).toEqual([
      { name: 'list:mine', redistribution: 'split', items: [text.encode('a')] },
      { name: 'list:all', redistribution: 'union', items: [text.encode('b'), text.encode('c')] },
    ])
  })

  test('that nobody asked for stay in the next checkpoint', () => {
    const before = operating(new Batching())
    before.process('a')
    const idle = operating({ processElement: () => undefined }, before.save())
    expect(idle.save().entries).toEqual(before.save().entries)
  })

  test('are one list for each name', () => {
    const lists: unknown[] = []
    const process: Process = {
      processElement: () => undefined,
      initializeState(context) {
        context.listState(waiting).add('a')
        context.listState(waiting).addAll(['b', 'c'])
        lists.push(context.listState(waiting).get())
        context.listState(waiting).clear()
        lists.push(context.listState(waiting).get())
      },
    }
    operating(process)
    expect(lists).toEqual([['a', 'b', 'c'], []])
  })

  test.each(['before', 'after'])('are of one kind, %s a restore as well', (when) => {
    const asList: Process = {
      processElement: () => undefined,
      snapshotState: (context) => {
        context.listState(waiting).add('a')
      },
    }
    const asUnion: Process = {
      processElement: () => undefined,
      initializeState(context) {
        if (when === 'before') context.listState(waiting)
        context.unionListState(waiting)
      },
    }
    const saved = when === 'before' ? null : operating(asList).save()
    expect(() => operating(asUnion, saved)).toThrow(ConfigurationError)
    expect(() => operating(asUnion, saved)).toThrow(
      'The operator "op" uses its list state "waiting" as union state, but it is kept as split state',
    )
  })
})
