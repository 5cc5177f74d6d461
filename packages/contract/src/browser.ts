// What a browser may load: no zod and nothing of the policy engine, only tables, constants and types.
export * from './codes.ts'
export * from './csv-line.ts'
export * from './refusal.ts'
export * from './problem.ts'
export * from './sanitize.ts'
export * from './status.ts'
export * from './roles.ts'
export type * from './index.ts'
