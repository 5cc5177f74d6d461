import * as z from 'zod'

/** Settings of the fetcher process. */
export const fetcherConfig = z.object({
  socket: z.string().min(1).meta({
    env: 'DRAWBRIDGE_FETCHER_SOCKET',
    doc: 'Path of the Unix socket on which the fetcher listens (mode 0600). Only the server needs to reach it.',
  }),
})
