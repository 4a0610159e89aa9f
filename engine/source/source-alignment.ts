/**
 * The job master's half of watermark alignment: collects what readers report, across all sources of a group, and
 * announces to the readers of each source how far their splits may be. What is under way or lost does no harm: the next
 * announcement comes after the interval. Source: Flink SourceCoordinator.announceCombinedWatermark.
 */
import type { Runtime } from '../runtime.ts'
import {
  forget,
  forgetSubtask,
  maxAllowedWatermark,
  NO_REPORTS,
  report,
  reportersOf,
} from '../time/watermark-aligner.ts'
import type { WatermarkAlignment } from '../time/watermark-strategy.ts'

/** What the sources of one group have in common. */
export class AlignmentGroup {
  reports = NO_REPORTS
}

export class SourceAlignment {
  readonly #uid: string
  readonly #options: WatermarkAlignment
  readonly #group: AlignmentGroup
  readonly #announce: (subtaskIndex: number, maxAllowed: number) => void

  /** `announce` reaches only readers that run. */
  constructor(
    uid: string,
    options: WatermarkAlignment,
    group: AlignmentGroup,
    announce: (subtaskIndex: number, maxAllowed: number) => void,
  ) {
    this.#uid = uid
    this.#options = options
    this.#group = group
    this.#announce = announce
  }

  /** Announces from now on. */
  start(runtime: Runtime): void {
    runtime.schedule(this.#options.updateIntervalMs, 'watermark-alignment', () => {
      const { reports } = this.#group
      const maxAllowed = maxAllowedWatermark(reports, this.#options.maxDriftMs)
      for (const index of reportersOf(reports, this.#uid)) this.#announce(index, maxAllowed)
      this.start(runtime)
    })
  }

  report(subtaskIndex: number, watermark: number): void {
    this.#group.reports = report(this.#group.reports, this.#uid, subtaskIndex, watermark)
  }

  /** One reader starts anew. */
  forgetReader(subtaskIndex: number): void {
    this.#group.reports = forgetSubtask(this.#group.reports, this.#uid, subtaskIndex)
  }

  /** The readers start anew. */
  reset(): void {
    this.#group.reports = forget(this.#group.reports, this.#uid)
  }
}
