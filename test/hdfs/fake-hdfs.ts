/**
 * A name node and a data node that speak WebHDFS, in this process, as far as snapshots need it. Tests can make them fail.
 * The real one passes the same tests (real-hdfs.test.ts).
 */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeRequest {
  readonly node: 'name' | 'data'
  readonly op: string
  readonly path: string
  readonly query: URLSearchParams
}

/**
 * What a test does to a request: `refuse` answers with an exception, `cut` closes the connection before it is carried out,
 * `lose` behind it, `stall` never answers.
 */
export type Fault =
  | { readonly type: 'refuse'; readonly status: number; readonly exception: string }
  | { readonly type: 'cut' }
  | { readonly type: 'lose' }
  | { readonly type: 'stall' }
  | null

type Outcome =
  | { readonly status: 200 | 201; readonly body?: Uint8Array | object }
  | { readonly status: 307; readonly location: string }
  | { readonly status: number; readonly exception: string; readonly message: string }

export class FakeHdfs {
  /** Files and, with null, directories by their path. */
  readonly tree = new Map<string, Uint8Array | null>([['/', null]])
  readonly modifiedAt = new Map<string, number>()
  readonly requests: FakeRequest[] = []
  /** Asked for every request. */
  fault: (request: FakeRequest) => Fault = () => null
  /** Like HttpFS, which does not know renames that overwrite. */
  isGateway = false
  dataNode = ''
  readonly #nameNode: Server
  readonly #dataNode: Server

  private constructor() {
    this.#nameNode = createServer((request, response) => {
      void this.#serve('name', request, response)
    })
    this.#dataNode = createServer((request, response) => {
      void this.#serve('data', request, response)
    })
  }

  static async start(): Promise<FakeHdfs> {
    const hdfs = new FakeHdfs()
    for (const server of [hdfs.#nameNode, hdfs.#dataNode]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    }
    hdfs.dataNode = `127.0.0.1:${portOf(hdfs.#dataNode)}`
    return hdfs
  }

  get uri(): string {
    return `webhdfs://127.0.0.1:${portOf(this.#nameNode)}`
  }

  /** Closes the data node's port, as if it had died. */
  stopDataNode(): Promise<void> {
    return stop(this.#dataNode)
  }

  async stop(): Promise<void> {
    await Promise.all([stop(this.#nameNode), stop(this.#dataNode)])
  }

  async #serve(node: 'name' | 'data', incoming: IncomingMessage, response: ServerResponse) {
    const url = new URL(incoming.url ?? '', 'http://localhost')
    const path = decodeURIComponent(url.pathname.slice('/webhdfs/v1'.length)).replace(
      /(.)\/$/,
      '$1',
    )
    const op = url.searchParams.get('op') ?? ''
    const request = { node, op, path, query: url.searchParams }
    this.requests.push(request)
    const fault = this.fault(request)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    if (fault?.type === 'stall') return
    if (fault?.type === 'cut') {
      incoming.socket.destroy()
      return
    }
    if (fault?.type === 'refuse') {
      const { status, exception } = fault
      reply(response, { status, exception, message: 'Refused by the test.\n\tat a.Stack.trace' })
      return
    }
    const outcome = this.#carryOut(request, new Uint8Array(Buffer.concat(chunks)), url)
    if (fault?.type === 'lose') incoming.socket.destroy()
    else reply(response, outcome)
  }

  #carryOut(request: FakeRequest, body: Uint8Array, url: URL): Outcome {
    const { node, op, path, query } = request
    const isOnDataNode = op === 'CREATE' || op === 'OPEN'
    if (node === 'name' && op === 'OPEN' && !this.#isFile(path)) return missing(path)
    if (node === 'name' && isOnDataNode) {
      if (query.get('excludedatanodes')?.includes(this.dataNode) === true) {
        const message = 'Failed to find datanode, suggest to check cluster health.'
        return { status: 403, exception: 'IOException', message }
      }
      return { status: 307, location: `http://${this.dataNode}${url.pathname}${url.search}` }
    }
    switch (op) {
      case 'CREATE':
        return this.#create(path, body, query.get('overwrite') === 'true')
      case 'OPEN':
        return { status: 200, body: this.tree.get(path) ?? new Uint8Array() }
      case 'MKDIRS':
        return { status: 200, body: { boolean: this.#makeDirectory(path) } }
      case 'LISTSTATUS':
        return this.#list(path)
      case 'GETFILESTATUS':
        if (!this.tree.has(path)) return missing(path)
        return { status: 200, body: { FileStatus: this.#status(path, '') } }
      case 'DELETE':
        return this.#delete(path)
      default:
        return this.#rename(path, query)
    }
  }

  #create(path: string, body: Uint8Array, isOverwriting: boolean): Outcome {
    if (this.tree.has(path) && !isOverwriting) return refused('FileAlreadyExistsException', path)
    if (!this.#makeDirectory(parentOf(path))) return refused('ParentNotDirectoryException', path)
    this.#set(path, body)
    return { status: 201 }
  }

  #list(path: string): Outcome {
    if (!this.tree.has(path)) return missing(path)
    const children = [...this.tree.keys()].filter((child) => parentOf(child) === path)
    const statuses = this.#isFile(path)
      ? [this.#status(path, '')]
      : children.map((child) => this.#status(child, child.slice(child.lastIndexOf('/') + 1)))
    return { status: 200, body: { FileStatuses: { FileStatus: statuses } } }
  }

  #delete(path: string): Outcome {
    if ([...this.tree.keys()].some((child) => parentOf(child) === path)) {
      return refused('PathIsNotEmptyDirectoryException', path)
    }
    return { status: 200, body: { boolean: this.tree.delete(path) } }
  }

  #rename(from: string, query: URLSearchParams): Outcome {
    const to = query.get('destination') ?? ''
    const isOverwriting = !this.isGateway && query.get('renameoptions') === 'OVERWRITE'
    const content = this.tree.get(from)
    const isPossible = this.tree.has(parentOf(to)) && !this.tree.has(to)
    if (content === undefined || content === null) {
      return isOverwriting ? missing(from) : { status: 200, body: { boolean: false } }
    }
    if (!isOverwriting && !isPossible) return { status: 200, body: { boolean: false } }
    this.tree.delete(from)
    this.#set(to, content)
    return isOverwriting ? { status: 200 } : { status: 200, body: { boolean: true } }
  }

  #makeDirectory(path: string): boolean {
    if (this.tree.has(path)) return !this.#isFile(path)
    if (!this.#makeDirectory(parentOf(path))) return false
    this.tree.set(path, null)
    return true
  }

  #set(path: string, content: Uint8Array): void {
    this.tree.set(path, content)
    this.modifiedAt.set(path, Date.now())
  }

  #isFile(path: string): boolean {
    return this.tree.get(path) instanceof Uint8Array
  }

  #status(path: string, pathSuffix: string): object {
    return {
      pathSuffix,
      type: this.#isFile(path) ? 'FILE' : 'DIRECTORY',
      length: this.tree.get(path)?.length ?? 0,
      modificationTime: this.modifiedAt.get(path) ?? 0,
    }
  }
}

function parentOf(path: string): string {
  return path === '/' ? '' : path.slice(0, path.lastIndexOf('/')) || '/'
}

function missing(path: string): Outcome {
  const message = `File ${path} does not exist.`
  return { status: 404, exception: 'FileNotFoundException', message }
}

function refused(exception: string, path: string): Outcome {
  return { status: 403, exception, message: `${path} is refused.` }
}

function reply(response: ServerResponse, outcome: Outcome): void {
  if ('exception' in outcome) {
    const { status, exception, message } = outcome
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify({ RemoteException: { exception, message } }))
  } else if (outcome.status === 307) {
    response.writeHead(307, { Location: outcome.location, 'Content-Length': 0 })
    response.end()
  } else {
    const { status, body = new Uint8Array() } = outcome
    const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body))
    response.writeHead(status, { 'Content-Length': bytes.length })
    response.end(bytes)
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
