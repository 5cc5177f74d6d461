import type { Element, Xml } from '../connection/element.ts'
import { NS_DATA, NS_MAM, NS_RSM } from '@drawbridge/xmpp'

/** Which part of the archive to read (XEP-0313 §4, XEP-0059). */
export interface ArchivePage {
  readonly queryId: string
  readonly with?: string | undefined
  /** Milliseconds since 1970. */
  readonly start?: number | undefined
  /** Messages older than this archive id; the empty string asks for the newest. */
  readonly before?: string | undefined
  /** Messages newer than this archive id. */
  readonly after?: string | undefined
  /** 1 to 100. */
  readonly max: number
}

export function buildArchiveQuery(xml: Xml, page: ArchivePage): Element {
  const { queryId, before, after, max } = page
  const start = page.start === undefined ? undefined : new Date(page.start).toISOString()
  return xml(
    'query',
    { xmlns: NS_MAM, queryid: queryId },
    xml(
      'x',
      { xmlns: NS_DATA, type: 'submit' },
      field(xml, 'FORM_TYPE', NS_MAM, 'hidden'),
      page.with !== undefined && field(xml, 'with', page.with),
      start !== undefined && field(xml, 'start', start),
    ),
    xml(
      'set',
      { xmlns: NS_RSM },
      xml('max', {}, String(max)),
      before !== undefined && xml('before', {}, before),
      after !== undefined && xml('after', {}, after),
    ),
  )
}

export interface ArchiveEnd {
  /** No more messages in the direction that was asked for. */
  readonly isComplete: boolean
  readonly first: string | undefined
  readonly last: string | undefined
}

/** Reads the `<fin/>` of an answered query (XEP-0313 §4.3). */
export function parseArchiveEnd(fin: Element | undefined): ArchiveEnd {
  const set = fin?.getChild('set', NS_RSM)
  return {
    isComplete: fin?.attrs['complete'] === 'true',
    first: set?.getChildText('first') ?? undefined,
    last: set?.getChildText('last') ?? undefined,
  }
}

function field(xml: Xml, name: string, value: string, type?: string): Element {
  return xml('field', { var: name, type }, xml('value', {}, value))
}
