import { writeFileSync } from 'node:fs'
import { heapFileOf } from './heap.ts'

// Loaded into the server beside its own code (`--import`, with `--expose-gc`): on SIGUSR2 it collects garbage and writes
// down how many bytes its heap still holds.

const { gc } = globalThis
if (gc) {
  process.on('SIGUSR2', () => {
    // Twice: what finalizers of the first round let go of goes in the second.
    gc()
    gc()
    const { heapUsed, external } = process.memoryUsage()
    writeFileSync(heapFileOf(process.pid), String(heapUsed + external))
  })
}
