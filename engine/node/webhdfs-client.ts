/**
 * WebHDFS over plain HTTP: one operation of the name node, with the redirect to a data node where there is one. What may
 * succeed later (connections, a name node that is not active or not ready) is tried again, a bounded number of times.
 * Must not know keys or snapshots. Source: Hadoop, WebHDFS REST API.
 */
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WebHdfsAddress {
  readonly host: string
  readonly port: number
  /** Sent as `user.name` if it is there. */
  readonly user: string | null
}

export interface WebHdfsTimings {
  /** How long a connection may be silent. */
  readonly timeoutMs: number
  readonly attempts: number
  /** Doubled for every further attempt, up to `backoffMaxMs`, of which a random half is waited. */
  readonly backoffMs: number
  readonly backoffMaxMs: number
}

export const WEBHDFS_TIMINGS: WebHdfsTimings = {
  timeoutMs: 30_000,
  attempts: 6,
  backoffMs: 100,
  backoffMaxMs: 5_000,
}

export interface WebHdfsOperation {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Below the root of the file system, not encoded. */
  readonly names: readonly string[]
  readonly op: string
  readonly parameters?: Readonly<Record<string, string>>
  /** Sent to the data node that the name node redirects to. */
  readonly body?: readonly Uint8Array[]
}

/** What went wrong, as a clause. `exception` is the name of Hadoop's, empty when nobody answered. */
export class WebHdfsError extends Error {
  override readonly name = 'WebHdfsError'
  readonly exception: string
  readonly isRetriable: boolean
  /** The data node that could not be reached. */
  readonly dataNode: string | null

  constructor(
    message: string,
    options: { exception?: string; isRetriable?: boolean; dataNode?: string | null } = {},
  ) {
    super(message)
    this.exception = options.exception ?? ''
    this.isRetriable = options.isRetriable ?? false
    this.dataNode = options.dataNode ?? null
  }
}

const RETRIABLE = new Set(['StandbyException', 'RetriableException', 'SafeModeException'])

interface Reply {
  readonly status: number
  readonly location: string | undefined
  readonly body: Buffer
}

export class WebHdfsClient {
  readonly #address: WebHdfsAddress
  readonly #timings: WebHdfsTimings
  /** Idle connections do not keep the process alive. */
  readonly #agent = new Agent({ keepAlive: true })

  constructor(address: WebHdfsAddress, timings: WebHdfsTimings) {
    this.#address = address
    this.#timings = timings
  }

  /** The body of the answer. Data nodes that could not be reached are left out of the next attempts. */
  async run(
    operationOf: () => WebHdfsOperation,
    attempts = this.#timings.attempts,
  ): Promise<Buffer> {
    const excluded: string[] = []
    for (let attempt = 1; ;) {
      try {
        return await this.#once(operationOf(), excluded)
      } catch (error) {
        if (!(error instanceof WebHdfsError)) throw error
        if (excluded.length > 0 && isLackOfNodes(error)) {
          // No data node is left: those that failed get another chance.
          excluded.length = 0
          continue
        }
        if (!error.isRetriable) throw error
        if (attempt >= attempts) {
          throw new WebHdfsError(`${error.message}, also at attempt ${attempt}`, error)
        }
        if (error.dataNode !== null) excluded.push(error.dataNode)
      }
      await sleep(this.#backoff(attempt))
      attempt += 1
    }
  }

  async #once(operation: WebHdfsOperation, excluded: readonly string[]): Promise<Buffer> {
    const { method, body } = operation
    const { host, port } = this.#address
    const reply = await this.#exchange(method, this.#urlOf(operation, excluded), undefined, {
      who: `the name node ${host}:${port}`,
      dataNode: null,
    })
    if (reply.status !== 307) return contentOf(reply, `the name node ${host}:${port}`)
    const target = parsedUrl(reply.location)
    const who = `the data node ${target.host}`
    return contentOf(
      await this.#exchange(method, target, body, { who, dataNode: target.host }),
      who,
    )
  }

  #urlOf({ names, op, parameters = {} }: WebHdfsOperation, excluded: readonly string[]): URL {
    const { host, port, user } = this.#address
    const path = names.map((name) => encodeURIComponent(name)).join('/')
    const url = new URL(`http://${host}:${port}/webhdfs/v1/${path}`)
    url.searchParams.set('op', op)
    if (user !== null) url.searchParams.set('user.name', user)
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    if (excluded.length > 0) url.searchParams.set('excludedatanodes', excluded.join(','))
    return url
  }

  #exchange(
    method: string,
    url: URL,
    body: readonly Uint8Array[] | undefined,
    { who, dataNode }: { readonly who: string; readonly dataNode: string | null },
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const fail = (cause: string): void => {
        reject(new WebHdfsError(`${who} ${cause}`, { isRetriable: true, dataNode }))
      }
      const length = body?.reduce((sum, piece) => sum + piece.length, 0) ?? 0
      const headers = {
        'Content-Length': length,
        ...(body === undefined ? {} : { 'Content-Type': 'application/octet-stream' }),
      }
      const outgoing = request(url, { method, agent: this.#agent, headers })
      outgoing.setTimeout(this.#timings.timeoutMs, () => {
        outgoing.destroy(new Error(`is silent for ${this.#timings.timeoutMs} ms`))
      })
      outgoing.on('error', (error) => fail(connectionCause(error)))
      outgoing.on('response', (incoming) => {
        readAll(incoming).then(resolve, (error: unknown) => fail(connectionCause(error)))
      })
      if (body === undefined) outgoing.end()
      else Readable.from(body, { objectMode: false }).pipe(outgoing)
    })
  }

  #backoff(attempt: number): number {
    const { backoffMs, backoffMaxMs } = this.#timings
    const full = Math.min(backoffMaxMs, backoffMs * 2 ** (attempt - 1))
    return full / 2 + (Math.random() * full) / 2
  }
}

async function readAll(incoming: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const { statusCode = 0, headers } = incoming
  return { status: statusCode, location: headers.location, body: Buffer.concat(chunks) }
}

function contentOf({ status, body }: Reply, who: string): Buffer {
  if (status === 200 || status === 201) return body
  const { exception, message } = remoteException(body)
  const cause = exception === '' ? `answers with HTTP status ${status}` : `answers: ${message}`
  const isRetriable = status === 503 || RETRIABLE.has(exception)
  throw new WebHdfsError(`${who} ${cause}`, { exception, isRetriable })
}

function remoteException(body: Buffer): { readonly exception: string; readonly message: string } {
  try {
    const document: unknown = JSON.parse(body.toString())
    const { RemoteException: remote } = document as { RemoteException: Record<string, unknown> }
    const exception = String(remote['exception'])
    const [line = ''] = String(remote['message']).split('\n')
    return { exception, message: `${exception}, ${line.trim().replace(/\.$/, '')}` }
  } catch {
    return { exception: '', message: '' }
  }
}

function isLackOfNodes({ exception, message }: WebHdfsError): boolean {
  return exception === 'IOException' && message.includes('Failed to find datanode')
}

function parsedUrl(location: string | undefined): URL {
  if (location !== undefined && URL.canParse(location)) return new URL(location)
  throw new WebHdfsError(`the name node redirects to "${String(location)}", which is no address`)
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ECONNRESET: 'closed the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ENOTFOUND: 'has a name that nobody knows',
  EPIPE: 'closed the connection',
  ETIMEDOUT: 'does not answer',
}

function connectionCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? String(error.code) : ''
  return CAUSES[code] ?? (code === '' ? error.message : `fails: ${code}`)
}
