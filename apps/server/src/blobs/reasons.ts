/** Why an upload is refused that is no fault of its bytes. What the sanitizer says is in the contract. */
export const NO_ROOM = 'no-room'
/** Its sender has had as many images cleaned as a minute allows. */
export const OVER_BUDGET = 'over-budget'
/** The file did not come whole, or the server stopped before it was kept. */
export const INTERRUPTED = 'interrupted'
/** What it is was suspended before it could be published. */
export const SUSPENDED = 'suspended'
/** The same file was recalled, or another that became the same. */
export const RECALLED = 'recalled'
/** There was no verdict in time. */
export const UNCHECKED = 'unchecked'
