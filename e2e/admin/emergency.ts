import { xml } from '@drawbridge/xmpp'
import { paths } from '@drawbridge/runtime'
import { expect } from 'vitest'
import { createAdminClient } from '../../apps/cli/src/admin-client.ts'
import type { Person } from '../support/browser.ts'
import { look } from '../support/look.ts'
import type { Stack } from '../support/stack.ts'
import type { TestClient } from '../support/xmpp-client.ts'
import { signedIn } from './exploit.ts'

/** Keys from the head of the overview to the link that suspends images; more, and it has moved out of reach. */
const MOST_TABS = 15

/** From the overview, with no hand on the mouse: a link, and a button that says whom it concerns. */
export async function imagesAreSuspendedByKeyboard({ page }: Person): Promise<void> {
  await page.getByRole('heading', { level: 1, name: 'Overview' }).focus()
  const wanted = page.getByRole('link', { name: 'Suspend images …' })
  const isThere = () => wanted.evaluate((link) => link === document.activeElement)
  for (let tabs = 0; !(await isThere()); tabs++) {
    expect(tabs).toBeLessThan(MOST_TABS)
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Suspend: Images?' })
  await dialog.getByText(/Das Teilen von Bildern ist angehalten.*Sicherheitsproblem/).waitFor()
  const confirm = dialog.getByRole('button', { name: /^Suspend / })
  await expect.poll(() => confirm.evaluate((button) => button === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await page.getByTestId('applied').getByRole('cell', { name: 'applied' }).waitFor()
  await page.getByRole('banner').getByRole('link', { name: 'Suspended' }).waitFor()
  await endSuspension(page, 'in-order')
}

/** What was held for review is read by somebody who is told that it is on record, one message at a time. */
export async function whatIsHeldIsReviewed(stack: Stack, officer: Person): Promise<void> {
  const { page } = officer
  await Promise.all([stack.account('fay'), stack.account('gus')])
  const person = (name: string) =>
    signedIn(stack, { name, password: `${name}-password` }, { name: 'New Client', version: '3' })
  const [fay, gus] = await Promise.all([person('fay'), person('gus')])
  await page
    .getByRole('navigation', { name: 'Suspend in a hurry' })
    .getByRole('link', { name: 'Suspend messages …' })
    .click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Suspend / })
    .click()
  await page.getByText('The suspension is in force.').waitFor()
  for (const body of ['to be delivered', 'to be discarded', 'to be left']) say(fay, gus, body)

  const held = page.getByTestId('suspension').getByRole('button', { name: 'Look at held messages (3) …' })
  await held.waitFor()
  await endSuspension(page, 'review')
  await held.click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/Each one whose content you open is put on record/).waitFor()
  await expect.poll(() => dialog.getByRole('rowheader', { name: 'fay@localhost' }).count()).toBe(3)
  const api = createAdminClient(paths(stack.dataDir).adminSocket)
  const readsOnRecord = async () => (await api('listAudit', { query: { action: 'read-held' } })).entries.length
  expect(await readsOnRecord()).toBe(0)
  await dialog.getByRole('button', { name: 'Read them one by one' }).click()
  const message = dialog.getByTestId('held-message')
  await message.getByText('to be delivered').waitFor()
  expect(await readsOnRecord()).toBe(1)
  expect(await message.evaluate((article) => article === document.activeElement)).toBe(true)
  await look(officer, 'console-held')
  await message.getByRole('button', { name: 'Deliver' }).click()
  await message.getByText('to be discarded').waitFor()
  await message.getByRole('button', { name: 'Discard and tell the sender' }).click()
  await message.getByText('to be left').waitFor()
  await message.getByRole('button', { name: 'Leave for later' }).click()
  await dialog.getByText('There are no more.').waitFor()
  await page.keyboard.press('Escape')
  await page.getByText('Delivered: 1, discarded: 1.').waitFor()
  const received = await gus.next(({ name, attrs }) => name === 'message' && attrs['type'] === 'chat')
  expect(received.getChildText('body')).toBe('to be delivered')
  expect(await readsOnRecord()).toBe(3)
  await page.getByRole('button', { name: 'Look at held messages (1) …' }).waitFor()
  for (const client of [fay, gus]) await client.end()
}

/** A playbook is written, tried without effect, changed by two at a time without a loss, and removed. */
export async function aPlaybookIsKeptReady(stack: Stack, officer: Person): Promise<void> {
  const { page } = officer
  const name = 'image-exploit'
  const views = page.getByRole('navigation', { name: 'Views of emergencies' })
  await views.getByRole('link', { name: 'Playbooks' }).click()
  const playbooks = page.getByTestId('playbooks')
  await playbooks.getByRole('button', { name: 'New playbook' }).click()
  const editor = playbooks.getByTestId('playbook-editor')
  await editor.getByLabel('Name').fill(name)
  await editor.getByLabel('Images', { exact: true }).check()
  await editor.getByLabel(/^Reason, as users will read it/).fill('Images are being checked.')
  await editor.getByRole('button', { name: 'Add a client rule' }).click()
  await editor.getByLabel('Family').fill('gajim')
  await editor.getByLabel('Below version').fill('1.9')
  await editor.getByLabel('Action').selectOption('warn')
  await look(officer, 'console-playbook')
  await editor.getByRole('button', { name: 'Save' }).click()
  await page.getByText(`The playbook ${name} is kept ready.`).waitFor()

  const playbook = playbooks.getByTestId('playbook')
  await playbook.getByRole('button', { name: 'Edit' }).click()
  await editor.getByLabel('What it is for').fill('typed by hand')
  const api = createAdminClient(paths(stack.dataDir).adminSocket)
  const { playbook: before } = await api('getPlaybook', { params: { name } })
  const { name: _, changedAt: __, changedBy: ___, ...document } = before
  await api('putPlaybook', { params: { name }, body: { ...document, reason: 'Written by somebody else.' } })
  await editor.getByRole('button', { name: 'Save' }).click()
  const conflict = editor.getByTestId('conflict')
  await conflict.getByText('Written by somebody else.').waitFor()
  expect(await editor.getByLabel('What it is for').inputValue()).toBe('typed by hand')
  await editor.getByRole('button', { name: 'Save' }).click()
  await expect.poll(() => editor.count()).toBe(0)
  expect((await api('getPlaybook', { params: { name } })).playbook).toMatchObject({
    description: 'typed by hand',
    reason: 'Images are being checked.',
    rules: [{ family: 'gajim', below: '1.9', action: 'warn' }],
  })

  await playbook.getByRole('button', { name: 'Try as a drill …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Start as a drill' }).click()
  await page.getByText('The drill has begun').waitFor()
  await page.getByRole('banner').getByRole('link', { name: 'Drill' }).waitFor()
  expect((await api('listClientRules', {})).rules).toEqual([])
  // What was started is seen where it runs.
  await endSuspension(page, 'in-order')
  await views.getByRole('link', { name: 'Playbooks' }).click()
  await playbook.getByRole('button', { name: 'Edit' }).click()
  await editor.getByRole('button', { name: 'Remove the playbook' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove the playbook' }).click()
  await playbooks.getByText('No playbook is kept ready.').waitFor()
}

/** Ends what runs, by the name of what becomes of what it holds. */
async function endSuspension(page: Person['page'], release: 'in-order' | 'review'): Promise<void> {
  const end = page.getByTestId('suspension').getByRole('button', { name: 'End …', exact: true })
  await end.click()
  const dialog = page.getByRole('dialog')
  if (release === 'review') await dialog.getByRole('radio', { name: /^A person decides about each/ }).check()
  await dialog.getByRole('button', { name: 'End and release' }).click()
  await page.getByText(/^The suspension has ended/).waitFor()
  await expect.poll(() => end.count()).toBe(0)
}

function say(from: TestClient, to: TestClient, body: string): void {
  const id = crypto.randomUUID()
  from.send(xml('message', { to: to.jid.split('/')[0]!, type: 'chat', id }, xml('body', {}, body)))
}
