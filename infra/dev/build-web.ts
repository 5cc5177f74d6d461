// Builds the web client and the console when their sources changed, as `drawbridge up` does.
import { buildPage } from '../../apps/cli/src/up/pages.ts'
import { ROOT } from './steps.ts'

const note = (line: string) => void process.stderr.write(`${line}\n`)
await Promise.all([buildPage('web', ROOT, note), buildPage('admin', ROOT, note)])
