// The side output of the named programs.

import { outputTag } from 'weirstream'
import type { Row } from '../program.ts'

export const SIDE = outputTag<Row>('side')
