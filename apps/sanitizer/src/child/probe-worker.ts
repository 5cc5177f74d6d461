import { parentPort } from 'node:worker_threads'
import { probeThread } from '../sandbox/probes.ts'

/** The self-test on a thread other than the main one, at the levels where threads are workers. */
parentPort?.once('message', () => void probeThread().then((found) => parentPort?.postMessage(found)))
parentPort?.postMessage('ready')
