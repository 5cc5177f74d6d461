import { resolve } from 'node:path'

/** The folder that holds apps, packages and migrations. */
export const ROOT = resolve(import.meta.dirname, '../../../..')
