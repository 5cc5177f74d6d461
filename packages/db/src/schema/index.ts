// Columns and keys, for typed queries. Indexes and checks are in migrations/ only; schema.test.ts compares the columns.
export * from './account.ts'
export * from './archive.ts'
export * from './client-installation.ts'
export * from './invitation.ts'
export * from './policy.ts'
export * from './room.ts'
export * from './unit.ts'
export * from './upload.ts'
