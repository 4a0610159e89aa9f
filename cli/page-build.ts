/**
 * The built page: `dist/page/` with `weirstream.js` beside it, the engine's public face for job modules that run in the
 * page. An installed package brings it along; in the repository it is built when it is missing or older than its sources.
 */
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCode } from './input-file.ts'
import { notice } from './terminal.ts'

const root = fileURLToPath(new URL('.', import.meta.resolve('weirstream/package.json')))
const page = fileURLToPath(new URL('dist/page/', import.meta.resolve('weirstream/package.json')))

/** The bundle that job modules import as `weirstream`. */
const ENGINE = 'weirstream.js'
const SOURCES = [
  'engine',
  'sim',
  'lessons',
  'visualizer',
  'index.html',
  'vite.config.ts',
  'package-lock.json',
]

/** The folder of the page, built if need be. */
export async function preparePage(): Promise<string> {
  const isRepository = existsSync(join(root, 'vite.config.ts'))
  if (isRepository && !isFresh()) {
    notice('building the page (once, until its sources change) …')
    await buildPage()
  }
  return page
}

/** Builds the page beside the old one and then takes its place, so that two builds never mix. */
export async function buildPage(): Promise<void> {
  const { build } = await import('vite')
  const outDir = `${page.replace(/[\\/]$/, '')}-${process.pid}`
  const common = { root, logLevel: 'warn' } as const
  try {
    await build({ ...common, build: { outDir, emptyOutDir: true } })
    await build({
      ...common,
      configFile: false,
      build: {
        outDir,
        emptyOutDir: false,
        copyPublicDir: false,
        lib: { entry: join(root, 'engine', 'index.ts'), formats: ['es'], fileName: () => ENGINE },
      },
    })
    rmSync(page, { recursive: true, force: true })
    renameSync(outDir, page)
  } catch (error) {
    // Another process was faster between the two steps; its page is as good.
    if (errorCode(error) !== 'ENOTEMPTY') throw error
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}

function isFresh(): boolean {
  const built = [join(page, 'index.html'), join(page, ENGINE)]
  if (!built.every((file) => existsSync(file))) return false
  const builtAt = Math.min(...built.map((file) => statSync(file).mtimeMs))
  return SOURCES.every((source) => newestIn(join(root, source)) <= builtAt)
}

/** When the newest file of a folder, or the file itself, was changed. */
function newestIn(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) return 0
  if (!status.isDirectory()) return status.mtimeMs
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.reduce((newest, name) => {
    const found = statSync(join(path, name), { throwIfNoEntry: false })
    return Math.max(newest, found?.mtimeMs ?? 0)
  }, status.mtimeMs)
}
