const WAIT_MS = 10_000
const LOOK_EVERY_MS = 50

/** Looks again and again at what gives no events, such as a screen or a log file, until it shows this. */
export async function eventually(look: () => Promise<string>, text: string | RegExp): Promise<string> {
  const deadline = performance.now() + WAIT_MS
  for (;;) {
    const now = await look()
    if (typeof text === 'string' ? now.includes(text) : text.test(now)) return now
    if (performance.now() > deadline) throw new Error(`${text} does not show:\n${now.trimEnd().slice(-4_000)}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
