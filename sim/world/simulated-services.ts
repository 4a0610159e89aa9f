/**
 * Services outside of the job: named functions that answer after a while, and sometimes not, or not yet. Requests and
 * replies cross a boundary, so that neither side sees what the other one changes. Times, errors and losses are drawn for
 * each process and service apart from everything else.
 */
import { describeError } from '../../engine/errors.ts'
import type { ServicePort, ServiceReply } from '../../engine/runtime.ts'
import { binary } from '../../engine/serializer.ts'
import type { SimulatedProcess } from './process.ts'
import type { World } from './world.ts'

/** Answers a request. Must depend on the request alone. What it throws is a failed reply. */
export type ServiceFunction = (request: unknown) => unknown

/** A service with the traits of its kind. Times in whole ms. */
export interface SimulatedService {
  readonly reply: ServiceFunction
  /** Until the reply arrives, at least. Default 5. */
  readonly latencyMs?: number
  /** Up to so much more. Default 5. */
  readonly jitterMs?: number
  /** Of 1000 calls so many fail. Default 0. */
  readonly errorsPerThousand?: number
  /** Of 1000 calls so many are carried out and never answered. Default 0. */
  readonly lostPerThousand?: number
}

/** By the names by which operators call them. */
export type SimulatedServices = Readonly<Record<string, ServiceFunction | SimulatedService>>

const DEFAULTS = { latencyMs: 5, jitterMs: 5, errorsPerThousand: 0, lostPerThousand: 0 } as const

const THOUSAND = 1000
const MICROS_PER_MS = 1000

/** The port of one process. */
export function simulatedServicePort(
  services: SimulatedServices,
  world: World,
  process: SimulatedProcess,
): ServicePort {
  const byName = new Map(
    Object.entries(services).map(([name, service]) => {
      const given = typeof service === 'function' ? { reply: service } : service
      return [name, { ...DEFAULTS, ...given }] as const
    }),
  )
  return {
    has: (name) => byName.has(name),
    call(name, request, onReply) {
      const service = byName.get(name)
      if (service === undefined) return
      const draw = (what: string, bound: number): number =>
        world.random.draw(`${process.id}:service:${name}:${what}`, bound)
      const isLost = draw('lost', THOUSAND) < service.lostPerThousand
      const isError = draw('error', THOUSAND) < service.errorsPerThousand
      const jitterMicros = draw('latency', service.jitterMs * MICROS_PER_MS + 1)
      const delayMs = service.latencyMs + jitterMicros / MICROS_PER_MS
      const reply = isError ? FAILED : replyOf(service.reply, binary.encode(request))
      if (isLost) return
      world.after(delayMs, 'service-reply', process.id, () => {
        if (process.isAlive) onReply(reply)
      })
    },
  }
}

const FAILED: ServiceReply = { type: 'failed', reason: 'a simulated error' }

function replyOf(reply: ServiceFunction, request: Uint8Array): ServiceReply {
  try {
    return { type: 'ok', value: binary.decode(binary.encode(reply(binary.decode(request)))) }
  } catch (error) {
    return { type: 'failed', reason: describeError(error) }
  }
}
