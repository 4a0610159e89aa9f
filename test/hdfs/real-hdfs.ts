/**
 * A real HDFS (name node, data node, WebHDFS) for tests: its jars come through Maven into a cache outside the checkout, and
 * it runs from there in a process of its own. Without Java or Maven there is none, with one sentence about why.
 */
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const VERSION = '3.4.1'
const READY_WITHIN_MS = 90_000
const STOP_WITHIN_MS = 10_000

const HADOOP = ['hadoop-common', 'hadoop-hdfs', 'hadoop-hdfs-client']
const TEST_JARS = ['hadoop-common', 'hadoop-hdfs']

const run = promisify(execFile)

export interface RealHdfs {
  /** `webhdfs://127.0.0.1:PORT`. */
  readonly uri: string
  stop(): Promise<void>
}

/** The running HDFS, or one sentence about why there is none. */
export async function startHdfs(): Promise<RealHdfs | string> {
  for (const [tool, ...args] of [
    ['java', '-version'],
    ['mvn', '-version'],
  ] as const) {
    try {
      await run(tool, args)
    } catch {
      return `There is no HDFS to test with, because "${tool}" does not run here.`
    }
  }
  const libraries = await resolveLibraries()
  const scratch = mkdtempSync(join(tmpdir(), 'weir-hdfs-'))
  const program = join(scratch, 'Mini.java')
  writeFileSync(program, MINI_CLUSTER)
  const port = await freePort()
  const args = ['--add-opens=java.base/java.lang=ALL-UNNAMED', '-Xmx512m']
  const java = spawn(
    'java',
    [...args, '-cp', join(libraries, '*'), program, String(port), join(scratch, 'data')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const stop = async (): Promise<void> => {
    await stopProcess(java)
    rmSync(scratch, { recursive: true, force: true })
  }
  try {
    await untilReady(java)
  } catch (error) {
    await stop()
    throw error
  }
  return { uri: `webhdfs://127.0.0.1:${port}`, stop }
}

/** The folder with the jars; filled once, whole or not at all. */
async function resolveLibraries(): Promise<string> {
  const cache = process.env['WEIR_CACHE'] ?? join(homedir(), '.cache', 'weir')
  const folder = join(cache, `hdfs-${VERSION}`)
  if (existsSync(folder)) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const scratch = mkdtempSync(join(dirname(folder), 'resolving-'))
  try {
    writeFileSync(join(scratch, 'pom.xml'), POM)
    const goal = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime']
    const output = `-DoutputDirectory=${join(scratch, 'libs')}`
    await run('mvn', [...goal, output], { cwd: scratch })
    if (!existsSync(folder)) renameSync(join(scratch, 'libs'), folder)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return folder
}

function untilReady(java: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new Error(`HDFS ${why}.\n${output.slice(-2000)}`))
    }
    const timer = setTimeout(() => fail('was not ready in time'), READY_WITHIN_MS)
    const read = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-100_000)
      if (!output.includes('\nREADY\n') && !output.startsWith('READY\n')) return
      clearTimeout(timer)
      resolve()
    }
    java.stdout?.on('data', read)
    java.stderr?.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
    java.on('error', (error) => fail(error.message))
    java.on('exit', (code) => fail(`ended with code ${String(code)}`))
  })
}

function stopProcess(java: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (java.exitCode !== null || java.signalCode !== null) {
      resolve()
      return
    }
    const timer = setTimeout(() => java.kill('SIGKILL'), STOP_WITHIN_MS)
    java.on('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    java.kill('SIGTERM')
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function dependency(group: string, artifact: string, version: string, type = 'jar'): string {
  return (
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
    `<version>${version}</version><type>${type}</type></dependency>`
  )
}

// The versions of Jackson win over those that Hadoop asks for, with which WebHDFS answers nothing.
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>weir</groupId><artifactId>hdfs</artifactId><version>1</version>
<dependencies>
${HADOOP.map((name) => dependency('org.apache.hadoop', name, VERSION)).join('\n')}
${TEST_JARS.map((name) => dependency('org.apache.hadoop', name, VERSION, 'test-jar')).join('\n')}
${dependency('junit', 'junit', '4.13.2')}
${dependency('org.mockito', 'mockito-core', '2.28.2')}
${dependency('com.fasterxml.jackson.core', 'jackson-core', '2.15.4')}
${dependency('com.fasterxml.jackson.core', 'jackson-databind', '2.15.4')}
</dependencies>
</project>
`

/** Ends with its parent: nothing stays behind when a test is killed. */
const MINI_CLUSTER = `import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

public class Mini {
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, args[1]);
    // Closing a file waits 400 ms if its block was not reported yet.
    conf.setInt("dfs.client.block.write.locateFollowingBlock.initial.delay.ms", 10);
    MiniDFSCluster cluster = new MiniDFSCluster.Builder(conf, new File(args[1]))
        .numDataNodes(1).nameNodePort(0).nameNodeHttpPort(Integer.parseInt(args[0])).build();
    cluster.waitActive();
    System.out.println("READY");
    ProcessHandle parent = ProcessHandle.current().parent().orElseThrow();
    while (parent.isAlive()) Thread.sleep(500);
    cluster.shutdown(true);
    System.exit(0);
  }
}
`
