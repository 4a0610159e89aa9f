/** The jobs that ship with Weir, by the name that a plan uses for them. */
import type { Job } from 'weirstream'
import addressProfile from './address-profile.ts'
import trafficStatistics from './traffic-statistics.ts'

export const BUILTIN_JOBS: Readonly<Record<string, Job>> = {
  'traffic-statistics': trafficStatistics,
  'address-profile': addressProfile,
}
