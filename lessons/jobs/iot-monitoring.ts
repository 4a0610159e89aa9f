/**
 * IoT monitoring with readings that come out of order, late, twice or not at all. Windows give each device's range of
 * temperatures and correct it when a late reading comes; timers tell which device fell silent and which was too hot for
 * too long.
 */
import {
  defineJob,
  jsonOf,
  kafkaSink,
  mapState,
  outputTag,
  tumblingEventTimeWindows,
  valueState,
} from 'weirstream'
import type {
  AggregateFunction,
  KeyedProcessFunction,
  OnTimerContext,
  ProcessWindowContext,
} from 'weirstream'
import { readEvents } from './shared/events.ts'
import type { TimedEvent } from './shared/events.ts'

const WINDOW_MS = 10_000
const LATENESS_MS = 30_000
const SILENT_MS = 30_000
/** Tenths of a degree. */
const LIMIT = 800
const HOT_MS = 20_000

interface Reading extends TimedEvent {
  readonly device: string
  /** Tenths of a degree. */
  readonly temperature: number
}

interface Range {
  readonly least: number
  readonly most: number
}

interface DeviceRange extends Range {
  readonly device: string
  readonly start: number
}

interface DeviceAlert {
  readonly device: string
  readonly kind: 'silent' | 'too-hot'
  readonly since: number
}

const tooLate = outputTag<Reading>('too-late')

/** Least and most: a reading that comes twice makes no difference, as it would to a sum. */
const rangeOf: AggregateFunction<Reading, Range, Range> = {
  createAccumulator: () => ({ least: Infinity, most: -Infinity }),
  add: ({ temperature }, { least, most }) => ({
    least: Math.min(least, temperature),
    most: Math.max(most, temperature),
  }),
  getResult: (range) => range,
}

/** Readings by their time, until it is their turn. */
const waiting = mapState<number, Reading>('waiting')
const lastSeen = valueState<number>('last-seen')
const hotSince = valueState<number>('hot-since')

/**
 * Every reading sets a timer for its own time, so that the device's life is seen in its right order, and each turn of it
 * sets the timers of the alerts that may follow.
 */
const watchDevice: KeyedProcessFunction<Reading, string, DeviceAlert> = {
  processElement(reading, context) {
    context.state(waiting).put(reading.time, reading)
    context.timers.registerEventTime(reading.time)
  },
  onTimer(now, context) {
    const readings = context.state(waiting)
    const reading = readings.get(now)
    if (reading !== undefined) {
      readings.remove(now)
      observe(reading, context)
    }
    raiseAlerts(now, context)
  },
}

export default defineJob('IoT Monitoring', { checkpointing: { intervalMs: 1000 } }, (env) => {
  const readings = readEvents<Reading>(env, {
    topic: 'sensor-readings',
    groupId: 'iot-monitoring',
    outOfOrdernessMs: 2000,
  }).keyBy(({ device }) => device)

  // A late reading makes its window fire again. The sink's key keeps the results of a device in order: the last is right.
  const ranges = readings
    .window(tumblingEventTimeWindows({ sizeMs: WINDOW_MS }), {
      allowedLatenessMs: LATENESS_MS,
      lateOutput: tooLate,
    })
    .aggregate(rangeOf, toDeviceRange, { uid: 'ranges', name: 'range' })

  ranges.sinkTo(
    kafkaSink({
      topic: 'device-ranges',
      value: jsonOf<DeviceRange>(),
      key: ({ device }) => device,
      delivery: 'exactly-once',
    }),
    { uid: 'ranges-sink', name: 'ranges-sink' },
  )
  ranges
    .sideOutput(tooLate)
    .sinkTo(
      kafkaSink({ topic: 'late-readings', value: jsonOf<Reading>(), delivery: 'exactly-once' }),
      {
        uid: 'late-sink',
        name: 'late-sink',
      },
    )

  readings
    .process(watchDevice, { uid: 'alerts', name: 'alerts' })
    .sinkTo(
      kafkaSink({ topic: 'device-alerts', value: jsonOf<DeviceAlert>(), delivery: 'exactly-once' }),
      { uid: 'alerts-sink', name: 'alerts-sink' },
    )
})

function toDeviceRange(range: Range, context: ProcessWindowContext<string, DeviceRange>): void {
  context.collect({ device: context.key, start: context.window.start, ...range })
}

function observe(
  { time, temperature }: Reading,
  context: OnTimerContext<string, DeviceAlert>,
): void {
  const seen = context.state(lastSeen)
  const hot = context.state(hotSince)
  // Too late: the device is known to have gone on.
  if (time <= (seen.value() ?? -Infinity)) return
  seen.update(time)
  context.timers.registerEventTime(time + SILENT_MS)
  if (temperature <= LIMIT) hot.clear()
  else if (hot.value() === undefined) {
    hot.update(time)
    context.timers.registerEventTime(time + HOT_MS)
  }
}

function raiseAlerts(now: number, context: OnTimerContext<string, DeviceAlert>): void {
  const device = context.key
  const seen = context.state(lastSeen).value()
  const hot = context.state(hotSince).value()
  if (seen === now - SILENT_MS) context.collect({ device, kind: 'silent', since: seen })
  if (hot === now - HOT_MS) context.collect({ device, kind: 'too-hot', since: hot })
}
