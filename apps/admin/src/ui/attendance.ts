/** So long after the last key or pointer a page still asks by itself, in milliseconds. */
const ATTENDED_MS = 15 * 60_000

let lastInputAt = Date.now()

/** Begins to notice whether somebody is there. */
export function watchAttendance(): void {
  for (const event of ['keydown', 'pointerdown', 'pointermove']) {
    addEventListener(event, () => void (lastInputAt = Date.now()), { passive: true })
  }
}

/**
 * Whether somebody sits before the page. Each question to the server counts as use of the session: a page that went on
 * asking would keep the session of somebody who has left alive.
 */
export function isAttended(): boolean {
  return !document.hidden && Date.now() - lastInputAt < ATTENDED_MS
}
