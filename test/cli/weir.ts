/** Runs the `weir` command as a user does, in a process of its own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'

// Processes side by side on a busy machine.
vi.setConfig({ testTimeout: 90_000 })

export const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs the command in the repository, without a terminal. */
export function weir(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<Finished> {
  return startWeir(args, environment).finished
}

export interface Running {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves to the first match of standard output. */
  readonly sees: (pattern: RegExp) => Promise<string>
}

export function startWeir(
  args: readonly string[],
  environment: Record<string, string> = {},
): Running {
  const { FORCE_COLOR: _, NO_COLOR: __, ...inherited } = process.env
  // Types are stripped once for all of these processes.
  const cache = join(root, 'node_modules', '.cache', 'weir-test-compile')
  const child = spawn(process.execPath, [join(root, 'cli', 'main.ts'), ...args], {
    cwd: root,
    env: { ...inherited, NODE_COMPILE_CACHE: cache, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => (out += String(chunk)))
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, out, err })
    })
  })
  const sees = (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const [found] = pattern.exec(out) ?? []
        if (found !== undefined) resolve(found)
      }
      child.stdout.on('data', look)
      child.on('close', () => {
        reject(new Error(`It ended without ${String(pattern)}: ${out}${err}`))
      })
      look()
    })
  return { child, finished, sees }
}

/** The one JSON document on standard output. */
export function jsonOf({ out }: Finished): Record<string, unknown> {
  return JSON.parse(out)
}

/** A folder for one test file, removed with `remove`. */
export class TestFolder {
  readonly #path = mkdtempSync(join(tmpdir(), 'weir-cli-'))

  write(name: string, content: string | Uint8Array): string {
    const path = join(this.#path, name)
    writeFileSync(path, content)
    return path
  }

  path(name: string): string {
    return join(this.#path, name)
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}

const logs = join(root, '..', 'shared', 'data', 'access-log')

/** A real web server's log with facts about it, which is not part of the repository. */
export const accessLog = {
  path: join(logs, 'apache_logs.gz'),
  isThere: existsSync(join(logs, 'apache_logs.gz')),
  top: (): { key: string; total: number }[] =>
    readFileSync(join(logs, 'expected-top5.csv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
      .map(([key = '', total = '']) => ({ key, total: Number(total) })),
}
