import type { Element, Xml } from '../connection/element.ts'
import { NS_DATA, NS_RSM, NS_SEARCH } from '@drawbridge/xmpp'

/** Asks the directory for people by the beginnings of the words of a name (XEP-0055 §3). */
export function buildPeopleSearch(xml: Xml, name: string, max: number): Element {
  const field = (variable: string, value: string) => xml('field', { var: variable }, xml('value', {}, value))
  return xml(
    'query',
    { xmlns: NS_SEARCH },
    xml('x', { xmlns: NS_DATA, type: 'submit' }, field('FORM_TYPE', NS_SEARCH), field('name', name)),
    xml('set', { xmlns: NS_RSM }, xml('max', {}, String(max))),
  )
}
