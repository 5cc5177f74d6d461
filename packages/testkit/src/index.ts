export { startTestPostgres, type TestDatabase, testDatabase } from './postgres.ts'
export { hasRedis, startTestRedis, type TestRedis } from './redis.ts'
export * from './files/index.ts'
export * from './images/index.ts'
