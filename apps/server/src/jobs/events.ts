import { counter } from '@drawbridge/runtime'

/** `gone`: the push service knows the device no more, and it is disabled. */
export const countPush = counter('drawbridge_pushes_total', 'Push notifications sent, by what became of them.', {
  outcome: ['sent', 'gone', 'failed'],
})
