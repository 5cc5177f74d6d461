export * from './verdict.ts'
export * from './vocabulary.ts'
