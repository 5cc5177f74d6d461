export { startTestPostgres, type TestDatabase, testDatabase } from './postgres.ts'
export * from './images/index.ts'
