/** The services of a run in Node: functions of the user that return promises. */
import { describeError } from '../errors.ts'
import type { ServicePort, ServiceReply } from '../runtime.ts'

/** By the names by which operators call them. A promise that is rejected is a failed call. */
export type UserServices = Readonly<Record<string, (request: never) => unknown>>

/** `post` runs an action in a turn of its own. */
export function userServices(
  services: UserServices,
  post: (action: () => void) => void,
): ServicePort {
  const byName = new Map(Object.entries(services))
  const ask = async (service: (request: never) => unknown, request: unknown): Promise<unknown> =>
    service(request as never)
  return {
    has: (name) => byName.has(name),
    call(name, request, onReply) {
      const service = byName.get(name)
      if (service === undefined) return
      const answer = (reply: ServiceReply): void => {
        post(() => {
          onReply(reply)
        })
      }
      void ask(service, request).then(
        (value) => {
          answer({ type: 'ok', value })
        },
        (error: unknown) => {
          answer({ type: 'failed', reason: describeError(error) })
        },
      )
    },
  }
}
