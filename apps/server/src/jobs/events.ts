import { counter } from '@drawbridge/runtime'

/** `gone`: the push service knows the device no more, and it is disabled. */
export const countPush = counter(
  'drawbridge_pushes_total',
  'Push notifications sent, by their way and by what became of them.',
  {
    by: ['web-push', 'app-server'],
    outcome: ['sent', 'gone', 'failed'],
  },
)
