// `pnpm check`: everything that can be said about the tree without starting the service.
import { runSteps, type Step, stepsOfCheck } from './steps.ts'

const steps: Step[] = [...stepsOfCheck()]
const failed = await runSteps(steps, 2)
process.exitCode = failed.length === 0 ? 0 : 1
