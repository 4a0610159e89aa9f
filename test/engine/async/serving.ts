/** A service whose answers the test gives by hand, and an asynchronous operator that calls it. */
import { asyncSpec } from '../../../engine/async/async-options.ts'
import type { AsyncOptions } from '../../../engine/async/async-spec.ts'
import { present } from '../../../engine/assert.ts'
import type { OperatorContext } from '../../../engine/operator/operator.ts'
import type { ServicePort, ServiceReply } from '../../../engine/runtime.ts'
import { Operating, type Saved } from '../operator/operating.ts'

export class FakeServices implements ServicePort {
  /** Requests without answer, oldest first. */
  readonly open: { readonly request: unknown; readonly onReply: (reply: ServiceReply) => void }[] =
    []
  /** All requests so far. */
  readonly requests: unknown[] = []

  has(): boolean {
    return true
  }

  call(_service: string, request: unknown, onReply: (reply: ServiceReply) => void): void {
    this.requests.push(request)
    this.open.push({ request, onReply })
  }

  /** Answers the oldest call for the request. */
  reply(request: unknown, value: unknown = `reply ${String(request)}`): void {
    this.#take(request).onReply({ type: 'ok', value })
  }

  fail(request: unknown, reason = 'it is down'): void {
    this.#take(request).onReply({ type: 'failed', reason })
  }

  #take(request: unknown): (typeof this.open)[number] {
    const at = this.open.findIndex((call) => call.request === request)
    return present(this.open.splice(at, 1)[0], `Nobody asked for ${String(request)}.`)
  }
}

type Options = Partial<AsyncOptions<unknown, unknown, unknown>>

export interface Serving {
  readonly operating: Operating
  readonly services: FakeServices
}

/** Emits the answers; records are numbers or texts. */
export function serving(
  options: Options = {},
  saved: Saved | null = null,
  overrides: Partial<OperatorContext> = {},
): Serving {
  const services = new FakeServices()
  const spec = asyncSpec<unknown, unknown, unknown>({
    order: 'ordered',
    service: 'lookup',
    result: (_, reply) => [reply],
    timeoutMs: 1000,
    ...options,
  })
  const operating = new Operating({ type: 'async', async: spec }, null, saved, 'op', {
    services,
    ...overrides,
  })
  return { operating, services }
}
