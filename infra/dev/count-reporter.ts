import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node'

/** What one run of vitest came to. */
export interface Counts {
  readonly passed: number
  /** Failed tests, and files that could not even be loaded. */
  readonly failed: readonly string[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

/** Writes the numbers of a run as JSON to `<outputFile>`, so that several runs can be added up. */
export default class CountReporter implements Reporter {
  #outputFile = '.cache/test-counts/tests.json'

  onInit(vitest: Vitest): void {
    const { outputFile } = vitest.config
    if (typeof outputFile === 'string') this.#outputFile = outputFile
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const state = (wanted: string) => tests.filter((test) => test.result().state === wanted)
    const broken = modules.filter(
      (module) =>
        module.errors().length > 0 || [...module.children.allSuites()].some((suite) => suite.errors().length > 0),
    )
    const counts: Counts = {
      passed: state('passed').length,
      failed: [
        ...state('failed').map(nameOf),
        ...broken.map((module) => module.relativeModuleId),
        ...errors.map(() => 'an error outside of any test'),
      ],
      skipped: state('skipped').map((test) => {
        const result = test.result()
        return { name: nameOf(test), reason: ('note' in result && result.note) || 'no reason given' }
      }),
    }
    mkdirSync(dirname(this.#outputFile), { recursive: true })
    writeFileSync(this.#outputFile, JSON.stringify(counts))
  }
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId}: ${test.fullName}`
}
