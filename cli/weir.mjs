#!/usr/bin/env node
// The command's launcher. In the repository it runs on any Node from 20 on: it installs what is
// missing and goes on with the pinned Node, which runs TypeScript. An installed package holds built
// JavaScript instead and needs nothing but a Node that can import the user's `job.ts`.
// @ts-check

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = new URL('main.ts', import.meta.url)

if (existsSync(source)) {
  const { continueOnPinnedNode, installPackages } = await import('./setup.mjs')
  installPackages()
  await continueOnPinnedNode(fileURLToPath(import.meta.url))
  await import(source.href)
} else {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 18)) {
    process.stderr.write(`weir: needs Node 22.18 or newer, this is ${process.version}.\n`)
    process.exit(2)
  }
  await import(new URL('main.js', import.meta.url).href)
}
