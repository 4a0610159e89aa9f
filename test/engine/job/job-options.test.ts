/** The options of a job: defaults, ranges, and the sentence when something is out of range. */
import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../engine/errors.ts'
import { type JobOptions, jobSettings } from '../../../engine/job/job-options.ts'

test('every option has a default', () => {
  expect(jobSettings({})).toEqual({
    parallelism: 1,
    maxParallelism: 128,
    runtimeMode: 'streaming',
    chaining: true,
    autoWatermarkIntervalMs: 200,
    checkpointing: null,
    state: { backend: 'heap', changelog: null, localRecovery: false },
    failover: 'region',
    restart: { strategy: 'fixed-delay', attempts: 10, delayMs: 1000 },
    heartbeat: { intervalMs: 10_000, timeoutMs: 50_000 },
  })
  expect(jobSettings({ checkpointing: { intervalMs: 500 } }).checkpointing).toEqual({
    intervalMs: 500,
    timeoutMs: 600_000,
    minPauseMs: 0,
    tolerableFailures: 0,
    mode: 'exactly-once',
    maxConcurrent: 1,
    unaligned: false,
    alignedTimeoutMs: 0,
    intervalDuringBacklogMs: 500,
    retained: 1,
    externalized: 'none',
    incremental: false,
    fallbackToPrevious: false,
  })
})

test('what is given is kept', () => {
  const options: Required<JobOptions> = {
    parallelism: 3,
    maxParallelism: 7,
    runtimeMode: 'automatic',
    chaining: false,
    autoWatermarkIntervalMs: 0,
    checkpointing: {
      intervalMs: 10,
      timeoutMs: 20,
      minPauseMs: 30,
      tolerableFailures: 4,
      mode: 'exactly-once',
      maxConcurrent: 1,
      unaligned: true,
      alignedTimeoutMs: 5,
      intervalDuringBacklogMs: 0,
      retained: 3,
      externalized: 'retain-on-cancellation',
      incremental: true,
      fallbackToPrevious: true,
    },
    state: {
      backend: 'lsm',
      changelog: { log: { type: 'kafka', topic: 'changes' }, materializeIntervalMs: 7 },
      localRecovery: true,
    },
    failover: 'full',
    restart: { strategy: 'fixed-delay', attempts: 0, delayMs: 0 },
    heartbeat: { intervalMs: 1, timeoutMs: 2 },
  }
  expect(jobSettings(options)).toEqual(options)
})

describe('out of range', () => {
  const checkpointing = { intervalMs: 100 }
  const restart = { strategy: 'fixed-delay' } as const
  const most = Number.MAX_SAFE_INTEGER

  test.each<[JobOptions, string]>([
    [{ parallelism: 0 }, 'The option parallelism is 0; it must be a whole number from 1 to 32768.'],
    [{ parallelism: 1.5 }, 'The option parallelism is 1.5; it must be'],
    [{ parallelism: Number.NaN }, 'The option parallelism is NaN; it must be'],
    [
      { parallelism: 4, maxParallelism: 3 },
      'The option maxParallelism is 3; it must be a whole number from 4 to 32768.',
    ],
    [{ autoWatermarkIntervalMs: -1 }, 'The option autoWatermarkIntervalMs is -1; it must be'],
    [{ maxParallelism: 32_769 }, 'The option maxParallelism is 32769; it must be'],
    [
      { checkpointing: { intervalMs: 9 } },
      `The option checkpointing.intervalMs is 9; it must be a whole number from 10 to ${most}.`,
    ],
    [
      { checkpointing: { ...checkpointing, timeoutMs: 9 } },
      'The option checkpointing.timeoutMs is 9',
    ],
    [{ checkpointing: { ...checkpointing, minPauseMs: -1 } }, 'checkpointing.minPauseMs is -1'],
    [
      { checkpointing: { ...checkpointing, tolerableFailures: -1 } },
      'checkpointing.tolerableFailures is -1',
    ],
    [
      { checkpointing: { ...checkpointing, intervalDuringBacklogMs: 99 } },
      'checkpointing.intervalDuringBacklogMs is 99; it must be a whole number from 100',
    ],
    [{ checkpointing: { ...checkpointing, retained: 0 } }, 'checkpointing.retained is 0'],
    [
      { checkpointing: { ...checkpointing, unaligned: true, maxConcurrent: 2 } },
      'The option checkpointing.unaligned needs checkpointing.maxConcurrent 1',
    ],
    [
      { checkpointing: { ...checkpointing, unaligned: true, mode: 'at-least-once' } },
      'The option checkpointing.unaligned needs checkpointing.mode "exactly-once"',
    ],
    [{ restart: { ...restart, attempts: -1 } }, 'The option restart.attempts is -1'],
    [{ restart: { ...restart, delayMs: Infinity } }, 'The option restart.delayMs is Infinity'],
    [{ heartbeat: { intervalMs: 0, timeoutMs: 5 } }, 'The option heartbeat.intervalMs is 0'],
    [
      { heartbeat: { intervalMs: 100, timeoutMs: 100 } },
      `The option heartbeat.timeoutMs is 100; it must be a whole number from 101 to ${most}.`,
    ],
  ])('%j is refused with one sentence', (options, sentence) => {
    expect(() => jobSettings(options)).toThrow(ConfigurationError)
    expect(() => jobSettings(options)).toThrow(sentence)
  })
})
