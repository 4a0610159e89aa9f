/** Loaded before every test file in Node: properties that name no seed use the one of this run. */
import fc from 'fast-check'
import { SEED } from './seeded.ts'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: SEED })
