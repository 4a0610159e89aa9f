/**
 * Serves the built page on this machine, with the input and the job module of a run by their hashes. It knows a fixed
 * list of paths, made when it starts: nothing else of the disk can be asked for.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import type { Arguments } from './arguments.ts'
import { usage } from './arguments.ts'
import type { OptionSpec } from './command.ts'
import { errorCode } from './input-file.ts'
import type { InputFile } from './input-file.ts'
import type { LoadedJob } from './job-module.ts'
import { jobScripts } from './job-script.ts'
import { preparePage } from './page-build.ts'

export interface PageServer {
  /** With a slash at its end. */
  readonly url: string
  /** Serves until Ctrl-C or a signal to end. */
  readonly untilSignal: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface PageOptions {
  /** Undefined: `preferredPort` if it is free, else any that is. */
  readonly port: number | undefined
  readonly preferredPort?: number
  readonly job: LoadedJob | null
  readonly input: InputFile | null
}

export const PORT_OPTION: OptionSpec = {
  type: 'string',
  value: 'P',
  help: 'the port of 127.0.0.1 on which the page is served; default: a free one',
}

interface Served {
  readonly type: string
  readonly read: () => Uint8Array | string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

export function readPort(args: Arguments): number | undefined {
  return args.integer('port', 1, 65_535)
}

/** Starts to serve. Throws ConfigurationError when the port is taken. */
export async function servePage(options: PageOptions): Promise<PageServer> {
  const { port, preferredPort = 0 } = options
  const files = listFiles(await preparePage(), options)
  const server = createServer((request, response) => {
    answer(files, request, response)
  })
  const bound =
    port === undefined
      ? await listen(server, preferredPort).catch(() => listen(server, 0))
      : await listen(server, port).catch((error: unknown) => {
          throw refusal(port, error)
        })
  return {
    url: `http://127.0.0.1:${bound}/`,
    untilSignal: async () => {
      await signalled()
      await close(server)
    },
    close: () => close(server),
  }
}

/** What is served, by path. */
function listFiles(page: string, { job, input }: PageOptions): ReadonlyMap<string, Served> {
  const files = new Map<string, Served>()
  for (const entry of readdirSync(page, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const path = `/${file.slice(page.length).split(sep).join('/')}`
    const type = TYPES[extname(file)] ?? 'application/octet-stream'
    files.set(path, { type, read: () => readFileSync(file) })
  }
  const start = files.get('/index.html')
  if (start !== undefined) files.set('/', start)
  if (input !== null) {
    const type = TYPES['.txt'] ?? ''
    files.set(`/inputs/${input.sha256}`, { type, read: () => input.content })
  }
  const module = job?.file ?? null
  if (module !== null) {
    for (const [sha256, script] of jobScripts(module)) {
      files.set(`/jobs/${sha256}.js`, { type: TYPES['.js'] ?? '', read: () => script })
    }
  }
  return files
}

function answer(
  files: ReadonlyMap<string, Served>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const isHead = request.method === 'HEAD'
  if (request.method !== 'GET' && !isHead) {
    response.writeHead(405, { allow: 'GET, HEAD' }).end()
    return
  }
  const [path = '/'] = (request.url ?? '/').split(/[?#]/)
  const found = files.get(path)
  const headers = { 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff' }
  if (found === undefined) {
    response.writeHead(404, { ...headers, 'content-type': TYPES['.txt'] ?? '' })
    response.end('There is no such file here.\n')
    return
  }
  try {
    const body = found.read()
    response.writeHead(200, { ...headers, 'content-type': found.type })
    response.end(isHead ? undefined : body)
  } catch {
    // The page was built anew under other names while it was served.
    response.writeHead(410, headers).end()
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function refusal(port: number, error: unknown): unknown {
  const why =
    errorCode(error) === 'EADDRINUSE'
      ? 'is in use'
      : errorCode(error) === 'EACCES'
        ? 'is not allowed for this user'
        : undefined
  if (why === undefined) return error
  return usage(`Port ${port} ${why}; give another one with --port, or none for a free one.`)
}

/** Connections that a browser keeps open do not hold it. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
      resolve()
    }
    process.on('SIGINT', end)
    process.on('SIGTERM', end)
  })
}
