// What `npm pack` ships. Node refuses TypeScript below node_modules, so before packing (`prepare`)
// dist/ is built, JavaScript with declarations beside the page, and package.json is exchanged for one
// that points there; after packing (`restore`) the repository's own package.json comes back.
// @ts-check

import { copyFileSync, cpSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { continueOnPinnedNode, installPackages, notice, root, runTool } from './setup.mjs'

const manifest = join(root, 'package.json')
const kept = join(root, 'package.json.orig')
const dist = join(root, 'dist')

const step = process.argv[2]
if (step === 'prepare') {
  installPackages()
  await continueOnPinnedNode(fileURLToPath(import.meta.url))
  await build()
  exchange()
} else if (step === 'restore') {
  renameSync(kept, manifest)
} else {
  notice('pack.mjs is run by `npm pack`, with `prepare` before and `restore` after.')
  process.exitCode = 2
}

async function build() {
  rmSync(dist, { recursive: true, force: true })
  if (runTool('tsc', ['-p', 'tsconfig.build.json'], { isQuiet: true }) !== 0) process.exit(1)
  const { buildPage } = await import('./page-build.ts')
  await buildPage()
  for (const folder of ['engine', 'sim', 'lessons', 'cli']) {
    const from = join(root, folder)
    if (existsSync(from)) cpSync(from, join(dist, folder), { recursive: true, filter: isAsset })
  }
  copyFileSync(join(root, 'cli', 'weir.mjs'), join(dist, 'cli', 'weir.mjs'))
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (file.endsWith('.js') && !file.startsWith('page')) pointToJavaScript(join(dist, file))
  }
}

/** @param {string} path */
function isAsset(path) {
  return !/\.(ts|mjs)$/.test(path) && basename(path) !== 'tsconfig.json'
}

/**
 * The compiler rewrites imports, but not the address of a worker's file.
 * @param {string} file
 */
function pointToJavaScript(file) {
  const text = readFileSync(file, 'utf8')
  const pointed = text.replace(/(new URL\('[^']+)\.ts('\s*,\s*import\.meta\.url\))/g, '$1.js$2')
  if (pointed !== text) writeFileSync(file, pointed)
}

function exchange() {
  const own = JSON.parse(readFileSync(manifest, 'utf8'))
  const { name, version, description, license, type, engines } = own
  const { dependencies, optionalDependencies } = own
  const packed = {
    name,
    version,
    description,
    license,
    type,
    engines,
    dependencies,
    optionalDependencies,
    bin: { weir: 'dist/cli/weir.mjs' },
    exports: Object.fromEntries(
      Object.entries(own.exports).map(([entry, source]) => [entry, builtEntry(source)]),
    ),
    files: ['dist'],
  }
  copyFileSync(manifest, kept)
  writeFileSync(manifest, `${JSON.stringify(packed, null, 2)}\n`)
}

/** @param {string} source */
function builtEntry(source) {
  if (!source.endsWith('.ts')) return source
  const built = source.replace('./', './dist/').replace(/\.ts$/, '')
  return { types: `${built}.d.ts`, default: `${built}.js` }
}
