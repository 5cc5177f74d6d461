/** Where a record came from. */
export const FEED_KINDS = ['kev', 'osv', 'ghsa', 'cve', 'csaf', 'openvex'] as const
export type FeedKind = (typeof FEED_KINDS)[number]

/** Versions from `from` (inclusive) up to `below` (exclusive) or `last` (inclusive); what is absent is open. */
export interface Interval {
  readonly from?: string
  readonly below?: string
  readonly last?: string
}

/** What is said of the versions of an interval. Of several that match, the first one counts. */
export interface Statement {
  readonly interval: Interval
  /** Absent: nobody knows. */
  readonly isAffected?: boolean
}

/** One product of an advisory. */
export interface AffectedProduct {
  /** Names it is known by; see `identifiers.ts`. */
  readonly identifiers: readonly string[]
  readonly statements: readonly Statement[]
  /** What holds for versions that no statement is about. */
  readonly otherwise: 'affected' | 'unaffected' | 'unknown'
}

/** One published flaw, whatever format it was published in. */
export interface Advisory {
  readonly id: string
  /** Other ids of the same flaw, such as the CVE of a GHSA. */
  readonly aliases: readonly string[]
  readonly kind: FeedKind
  readonly title: string
  readonly url?: string
  /** ISO 8601, as published. */
  readonly modifiedAt?: string
  readonly products: readonly AffectedProduct[]
}

/** A flaw that is used in attacks (KEV). */
export interface Exploited {
  readonly id: string
  /** ISO dates. */
  readonly since: string
  readonly dueDate?: string
}

/** A vendor's word that a product does not have a flaw (VEX). */
export interface NotAffected {
  readonly id: string
  readonly identifiers: readonly string[]
}

/** What one file says. */
export interface Feed {
  readonly kind: FeedKind
  readonly advisories: readonly Advisory[]
  readonly exploited: readonly Exploited[]
  readonly notAffected: readonly NotAffected[]
  /** Ids that were taken back. */
  readonly withdrawn: readonly string[]
  /** Records that could not be read: where, and why. The first 100 of them. */
  readonly unread: readonly { readonly at: string; readonly why: string }[]
}

/** What a reader of one format gives: a feed without its kind. */
export type FeedPart = Partial<Omit<Feed, 'kind'>>
