// Builds the web client when its sources changed, as `drawbridge up` does.
import { buildWeb } from '../../apps/cli/src/up/web.ts'
import { ROOT } from './steps.ts'

await buildWeb(ROOT, (line) => void process.stderr.write(`${line}\n`))
