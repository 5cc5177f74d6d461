import { startTestPostgres } from './postgres.ts'

/** vitest's globalSetup of the story tests; what it returns runs at the end. */
export default startTestPostgres
