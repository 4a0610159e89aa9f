// What a fresh machine needs before TypeScript can run: the locked packages, the pinned Node, and for
// the tests a Chromium with a Chinese font. Plain JavaScript for Node 20, without any package.
// Everything it has to say goes to standard error: standard output belongs to the command.
// @ts-check

import { spawn, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { constants as osConstants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const nodeFolder = join(root, 'node_modules', 'node')
const pinnedNode = join(nodeFolder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** @param {string} sentence */
export function notice(sentence) {
  process.stderr.write(`weir: ${sentence}\n`)
}

/** Installs the packages of the lock file when one of them is missing or has another version. */
export function installPackages() {
  if (arePackagesInstalled() && existsSync(pinnedNode)) return
  notice('installing the packages of package-lock.json (once, this can take a minute) …')
  // `ignore-scripts` in somebody's settings would leave out the binary of the pinned Node.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts=false']
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    env: { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' },
    shell: process.platform === 'win32',
    stdio: ['ignore', process.stderr, process.stderr],
  })
  if (status === 0 && existsSync(pinnedNode)) return
  notice(`the installation failed${error ? ` (${error.message})` : ''}; try \`npm ci\` by hand.`)
  process.exit(2)
}

/**
 * Replaces this process by the same script on the pinned Node. Returns at once when it already runs
 * there; otherwise the promise never settles, because the process ends as the pinned one does.
 * @param {string} script
 * @returns {Promise<void>}
 */
export function continueOnPinnedNode(script) {
  const pinned = JSON.parse(readFileSync(join(nodeFolder, 'package.json'), 'utf8')).version
  if (process.version === `v${pinned}`) return Promise.resolve()
  const child = spawn(pinnedNode, [...process.execArgv, script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both processes; a second one would cut an orderly end short.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  return new Promise((_, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (signal === null) process.exit(code ?? 1)
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
      // Some signals are ignored by Node itself; then the shell's convention tells the story.
      setTimeout(() => process.exit(128 + osConstants.signals[signal]), 100)
    })
  })
}

/**
 * Runs a program of an installed package to its end, on the pinned Node.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ environment?: Record<string, string>, isQuiet?: boolean }} [options] quiet: nothing of it
 *   on standard output
 * @returns {number | null} its exit code
 */
export function runTool(program, args, { environment = {}, isQuiet = false } = {}) {
  const path = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH']}`
  const { status, error } = spawnSync(program, args, {
    cwd: root,
    env: { ...process.env, ...environment, PATH: path },
    stdio: ['inherit', isQuiet ? process.stderr : 'inherit', 'inherit'],
  })
  if (error) notice(`${program} did not start: ${error.message}`)
  return status
}

/** @returns {string | undefined} */
export function findChromium() {
  const known = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const chosen = process.env['CHROMIUM']
  const candidates = chosen ? [chosen] : known.map((name) => `/usr/bin/${name}`)
  return candidates.find(isExecutable)
}

/**
 * Installs Chromium and a Chinese font when they are missing and this machine allows it; otherwise
 * prints the command that would.
 */
export function installBrowser() {
  const missing = [
    ...(findChromium() === undefined && !process.env['CHROMIUM'] ? ['chromium'] : []),
    ...(hasChineseFont() ? [] : ['fonts-noto-cjk']),
  ]
  if (missing.length === 0 || process.platform !== 'linux') return
  const install = ['install', '-y', '--no-install-recommends', ...missing]
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    notice(`installing the system packages ${missing.join(' and ')} (once) …`)
    if (aptGet(['update']) && aptGet(install)) return
    notice('apt-get failed.')
  }
  notice(`to install what is missing: sudo apt-get update && sudo apt-get ${install.join(' ')}`)
}

/** @param {readonly string[]} args */
function aptGet(args) {
  const { status } = spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', process.stderr, process.stderr],
    timeout: 600_000,
  })
  return status === 0
}

function hasChineseFont() {
  if (existsSync('/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc')) return true
  const { status, stdout } = spawnSync('fc-list', [':lang=zh', 'family'], { encoding: 'utf8' })
  return status === 0 && stdout.trim() !== ''
}

/** npm writes what it installed beside the packages, in the form of the lock file. */
function arePackagesInstalled() {
  const installed = readLockedPackages('node_modules/.package-lock.json')
  if (installed === undefined) return false
  const locked = Object.entries(readLockedPackages('package-lock.json') ?? {})
  return locked.every(
    ([path, { version, optional }]) =>
      path === '' || optional === true || installed[path]?.version === version,
  )
}

/**
 * @param {string} path
 * @returns {Record<string, { version: string, optional?: boolean }> | undefined}
 */
function readLockedPackages(path) {
  const file = join(root, path)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
