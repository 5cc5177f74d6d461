/**
 * The version of the filter. What is stored carries the version that it passed; what was let in by an older one, or by
 * none, passes again before anybody sees it (images §1, rule 4). Raise it whenever the filter lets less through.
 */
export const FILTER_VERSION = 2
