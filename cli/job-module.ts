/**
 * The argument JOB: the name of a job that ships with Weir, or the path of a module whose default export is a job.
 * The module is imported by this process; `weirstream` means this very package where the module's own folder has none.
 */
import { readdirSync, realpathSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { basename, dirname, relative, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isJob } from '../engine/job/define-job.ts'
import type { Job } from '../engine/job/define-job.ts'
import { BUILTIN_JOBS } from '../lessons/jobs/index.ts'
import type { PlanJob, SimulatedServices } from '../sim/index.ts'
import { usage } from './arguments.ts'
import { errorCode, readFileBytes, sha256Of } from './input-file.ts'

export interface LoadedJob {
  /** As given. */
  readonly argument: string
  readonly job: Job
  /** What its asynchronous operators call: the module's export `services`, functions or services with latency and errors. */
  readonly services: SimulatedServices
  readonly planJob: PlanJob
  /** The module's file; null for a job that ships with Weir. */
  readonly file: string | null
}

export const JOB_POSITIONAL = {
  name: 'JOB',
  help: `path of a module whose default export is a job, or ${Object.keys(BUILTIN_JOBS).join(', ')}`,
} as const

const JOBS_FOLDER = realpathSync(fileURLToPath(new URL('../lessons/jobs/', import.meta.url)))

/** Imports the module and looks at its default export. Throws ConfigurationError. */
export async function loadJob(argument: string): Promise<LoadedJob> {
  const shipped = findBuiltin(argument)
  if (shipped !== undefined) return builtin(argument, shipped)
  const file = findFile(argument)
  const name = nameInJobsFolder(file)
  if (name !== undefined) return builtin(argument, name)
  const { job, services } = await importJob(argument, file)
  const sha256 = sha256Of(readFileBytes(file, 'a job module'))
  const module = relative(process.cwd(), file).split(sep).join('/')
  return { argument, job, services, planJob: { module, sha256 }, file }
}

function builtin(argument: string, name: string): LoadedJob {
  const job = BUILTIN_JOBS[name]
  if (job === undefined) throw new Error(`There is no built-in job ${name}.`)
  return { argument, job, services: {}, planJob: { builtin: name }, file: null }
}

function findBuiltin(name: string): string | undefined {
  return Object.keys(BUILTIN_JOBS).find((known) => known === name)
}

function findFile(argument: string): string {
  const path = resolve(argument)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return realpathSync(path)
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  throw usage(
    `${folder ? `${argument} is a folder` : `There is no job ${argument}`}; give the ${JOB_POSITIONAL.help}${hint(path)}.`,
  )
}

/** A file beside it that has the same name and an ending. */
function hint(path: string): string {
  try {
    const near = readdirSync(dirname(path)).find((name) => name.startsWith(`${basename(path)}.`))
    return near === undefined ? '' : ` (did you mean ${near}?)`
  } catch {
    return ''
  }
}

function nameInJobsFolder(file: string): string | undefined {
  return dirname(file) === JOBS_FOLDER
    ? findBuiltin(basename(file).replace(/\.[jt]s$/, ''))
    : undefined
}

async function importJob(
  argument: string,
  file: string,
): Promise<Pick<LoadedJob, 'job' | 'services'>> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context)
      } catch (error) {
        if (!/^weirstream($|\/)/.test(specifier)) throw error
        return next(specifier, { ...context, parentURL: import.meta.url })
      }
    },
  })
  try {
    const loaded: { readonly default?: unknown; readonly services?: unknown } = await import(
      pathToFileURL(file).href
    )
    const { default: job, services = {} } = loaded
    if (isJob(job) && isServices(services)) return { job, services }
    if (isJob(job)) throw usage(`The export services of ${argument} ${SERVICES_HELP}`)
  } catch (error) {
    throw refusal(argument, error)
  } finally {
    hooks.deregister()
  }
  throw usage(
    `The default export of ${argument} is not a job; write \`export default defineJob('Name', {}, (env) => { … })\`.`,
  )
}

const SERVICES_HELP =
  'must name functions, or objects with a function reply; write `export const services = { score: (request) => … }`.'

function isServices(value: unknown): value is SimulatedServices {
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).every((service: unknown) => {
    const reply =
      typeof service === 'object' && service !== null && 'reply' in service
        ? service.reply
        : service
    return typeof reply === 'function'
  })
}

function refusal(argument: string, error: unknown): Error {
  const { name, message } =
    error instanceof Error ? error : { name: 'Error', message: String(error) }
  const [line = ''] = message.split('\n')
  // A sentence of Weir's own says what to do; anything else is the module's affair.
  if (name === 'ConfigurationError') return usage(`${argument}: ${message}`)
  const hasNode = errorCode(error) === 'ERR_UNKNOWN_FILE_EXTENSION'
  const advice = hasNode ? 'give a .ts or .js module' : 'mend the module'
  return usage(`${argument} cannot be loaded, ${name}: ${line}; ${advice}.`)
}
