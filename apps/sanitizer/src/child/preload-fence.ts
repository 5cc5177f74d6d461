import { restrictFiles, setNoNewPrivileges } from '../sandbox/kernel.ts'
import { readOrder } from '../sandbox/lock-down.ts'

/**
 * `node --require`, levels A and B: before Node starts the threads on which codecs run, because Landlock binds a thread
 * and those that it starts afterwards. Node and the codecs can still be read, nothing else.
 */
const order = readOrder()
setNoNewPrivileges()
restrictFiles(order?.readable ?? [], { isFinal: false })
