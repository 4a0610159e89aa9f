/** The jobs that ship with Weir, by the name that a plan uses for them. */
import type { Job } from 'weirstream'
import addressProfile from './address-profile.ts'
import fraudDetection from './fraud-detection.ts'
import iotMonitoring from './iot-monitoring.ts'
import networkSecurity from './network-security.ts'
import orderSaga from './order-saga.ts'
import realTimeBidding from './real-time-bidding.ts'
import trafficAnalysis from './traffic-analysis.ts'
import trafficStatistics from './traffic-statistics.ts'

export const BUILTIN_JOBS: Readonly<Record<string, Job>> = {
  'traffic-statistics': trafficStatistics,
  'address-profile': addressProfile,
  'traffic-analysis': trafficAnalysis,
  'fraud-detection': fraudDetection,
  'network-security': networkSecurity,
  'iot-monitoring': iotMonitoring,
  'order-saga': orderSaga,
  'real-time-bidding': realTimeBidding,
}
