import { paths } from '@drawbridge/runtime'
import { xml } from '@drawbridge/xmpp'
import { expect } from 'vitest'
import { createAdminClient } from '../../apps/cli/src/admin-client.ts'
import type { Person } from '../support/browser.ts'
import { look } from '../support/look.ts'
import type { Stack } from '../support/stack.ts'
import type { TestClient } from '../support/xmpp-client.ts'
import { signedIn } from './exploit.ts'
import { sent, tokenOf } from './requests.ts'

/** Rows of a list that the console asks for at once. */
const PAGE = 100

/** A room is found by what people call it, chosen by keyboard alone, and still there after a reload. */
export async function aRoomIsFoundByItsName(stack: Stack, { page, ...officer }: Person): Promise<void> {
  const hana = await signedIn(stack, await stack.account('hana'), { name: 'New Client', version: '3' })
  await makeRoom(hana, `hall@rooms.${stack.domain}`, 'The Great Hall')
  const form = page.getByTestId('start-suspension')
  await form.getByLabel('Or narrower').selectOption('room')
  const field = form.getByRole('combobox', { name: 'Room', exact: true })
  await field.fill('GREAT')
  const option = form.getByRole('option', { name: /^hall@rooms\..*The Great Hall$/ })
  await option.waitFor()
  expect(await field.getAttribute('aria-expanded')).toBe('true')
  await look({ page, ...officer }, 'console-combobox')
  await field.press('Escape')
  expect(await field.getAttribute('aria-expanded')).toBe('false')
  await field.press('ArrowDown')
  await option.waitFor()
  await field.press('ArrowDown')
  expect(await field.getAttribute('aria-activedescendant')).toBe(await option.getAttribute('id'))
  await field.press('Enter')
  const chip = form.getByRole('button', { name: `Remove Room hall@rooms.${stack.domain}` })
  await chip.waitFor()
  expect(await field.inputValue()).toBe('')

  await page.reload()
  await form.getByText('What you had typed is here again.').waitFor()
  await chip.click()
  await expect.poll(() => chip.count()).toBe(0)
  await form.getByRole('button', { name: 'Empty the form' }).click()
  await hana.end()
}

/** Two people change one suspension at once: the second sees what the first has done, and keeps what was typed. */
export async function whatOthersChangedIsSeenFirst(stack: Stack, { page }: Person): Promise<void> {
  const api = createAdminClient(paths(stack.dataDir).adminSocket)
  const [{ id } = { id: '' }] = (await api('listSuspensions', {})).suspensions
  await page.getByTestId('suspension').getByRole('button', { name: 'Extend …' }).click()
  const dialog = page.getByRole('dialog')
  const until = dialog.getByLabel('Until')
  await until.fill('2099-01-02T03:04')
  await dialog.locator('summary').filter({ hasText: 'The same by command line' }).click()
  const shown = dialog.getByLabel('API call').filter({ hasText: 'If-Match' })
  const request = (await shown.textContent()) ?? ''
  await api('extendSuspension', { params: { id }, body: { until: '2098-12-31T00:00:00Z' } })
  await dialog.getByRole('button', { name: 'Extend' }).click()
  await dialog.getByTestId('conflict').getByText('2098-12-31T00:00:00.000Z').waitFor()
  expect(await until.inputValue()).toBe('2099-01-02T03:04')
  // A request that was copied before is one of what was seen then.
  expect(await sent(request, await tokenOf(stack))).toMatchObject({ code: 'changed-meanwhile' })
  await dialog.getByRole('button', { name: 'Extend' }).click()
  await page.getByText('The suspension has a new end.').waitFor()
  expect((await api('getSuspension', { params: { id } })).suspension.until).toMatch(/^2099-01-0[123]T/)
}

/** Something ready that is put into a form gives way to what was typed there before, whenever that is wanted. */
export async function whatIsHalfTypedIsKept({ page }: Person): Promise<void> {
  const form = page.getByTestId('start-suspension')
  const reason = form.getByLabel(/^Reason, as users will read it/)
  const hurry = page.getByRole('navigation', { name: 'Suspend in a hurry' })
  await reason.fill('half a sentence')
  await hurry.getByRole('link', { name: 'Suspend files …' }).click()
  const dialog = page.getByRole('dialog', { name: 'Suspend: Files?' })
  await dialog.getByRole('button', { name: 'Change something first' }).click()
  expect(await reason.inputValue()).toBe('A security problem is being examined.')
  await page.reload()
  await form.getByRole('button', { name: 'Bring it back' }).click()
  expect(await reason.inputValue()).toBe('half a sentence')
  // Also what was thrown away by one's own hand; and what was only ready is not worth a question.
  await form.getByRole('button', { name: 'Empty the form' }).click()
  expect(await reason.inputValue()).toBe('')
  await form.getByRole('button', { name: 'Bring it back' }).click()
  expect(await reason.inputValue()).toBe('half a sentence')
  await reason.fill('')
  await hurry.getByRole('link', { name: 'Suspend files …' }).click()
  await dialog.getByRole('button', { name: 'Change something first' }).click()
  await form.getByRole('button', { name: 'Empty the form' }).click()
  expect(await form.getByRole('button', { name: 'Bring it back' }).count()).toBe(0)
}

/** A long list is read page by page, with the keyboard, and says how much of it is there. */
export async function aLongListIsReadPageByPage(stack: Stack, { page }: Person): Promise<void> {
  const api = createAdminClient(paths(stack.dataDir).adminSocket)
  for (let n = 0; n <= PAGE; n++) await api('createUnit', { body: { name: `unit-${n}`, displayName: `Unit ${n}` } })
  await page.getByLabel('Action', { exact: true }).fill('create-unit')
  await page.getByRole('button', { name: 'Filter' }).click()
  const entries = page.getByTestId('audit-entry')
  const said = page.getByTestId('list-end')
  await said.getByText('Shown: 100. There are more.').waitFor()
  expect(await entries.count()).toBe(PAGE)
  await page.getByRole('button', { name: 'Show more' }).press('Enter')
  await said.getByText(`In all: ${PAGE + 1}.`).waitFor()
  expect(await entries.count()).toBe(PAGE + 1)
  // The button is gone, and nobody is thrown to the top of the page.
  await expect.poll(() => said.evaluate((text) => text === document.activeElement)).toBe(true)
}

/** Every stored image passes the sanitizer of today, and how far that is can be watched. */
export async function storedImagesAreMadeAnew({ page }: Person): Promise<void> {
  const views = page.getByRole('navigation', { name: 'Views of emergencies' })
  await views.getByRole('link', { name: 'Stored images' }).click()
  const panel = page.getByTestId('image-renewal')
  await panel.getByText('That was never done here.').waitFor()
  await panel.getByRole('checkbox').check()
  await panel.getByRole('button', { name: 'Make images anew' }).click()
  await panel.getByText('Done.').first().waitFor()
  expect(await panel.getByText(/^\d+ of \d+ images, 100%$/).textContent()).not.toMatch(/^0 of/)
}

async function makeRoom(owner: TestClient, address: string, name: string): Promise<void> {
  owner.send(xml('presence', { to: `${address}/owner` }, xml('x', { xmlns: 'http://jabber.org/protocol/muc' })))
  await owner.next((stanza) => stanza.name === 'presence' && stanza.attrs['from'] === `${address}/owner`)
  const value = (field: string, text: string) => xml('field', { var: field }, xml('value', {}, text))
  const form = xml(
    'x',
    { xmlns: 'jabber:x:data', type: 'submit' },
    value('FORM_TYPE', 'http://jabber.org/protocol/muc#roomconfig'),
    value('muc#roomconfig_roomname', name),
  )
  const query = xml('query', { xmlns: 'http://jabber.org/protocol/muc#owner' }, form)
  const id = crypto.randomUUID()
  owner.send(xml('iq', { type: 'set', to: address, id }, query))
  const { attrs } = await owner.next((stanza) => stanza.name === 'iq' && stanza.attrs['id'] === id)
  expect(attrs['type']).toBe('result')
}
