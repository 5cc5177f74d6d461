export * from './sanitize.ts'
