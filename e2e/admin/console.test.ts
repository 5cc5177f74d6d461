import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { paths } from '@drawbridge/runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAdminClient } from '../../apps/cli/src/admin-client.ts'
import type { AdminClient } from '../../apps/cli/src/admin-client.ts'
import { openPage, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { look } from '../support/look.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { authenticatorOf } from '../support/totp.ts'
import type { Authenticator } from '../support/totp.ts'
import type { TestClient } from '../support/xmpp-client.ts'
import { aPlaybookIsKeptReady, imagesAreSuspendedByKeyboard, whatIsHeldIsReviewed } from './emergency.ts'
import { exploitAt3Am, signedIn } from './exploit.ts'
import { everyPageFits } from './pages.ts'
import { sent, tokenOf } from './requests.ts'
import {
  aLongListIsReadPageByPage,
  aRoomIsFoundByItsName,
  storedImagesAreMadeAnew,
  whatIsHalfTypedIsKept,
  whatOthersChangedIsSeenFirst,
} from './typing.ts'

let stack: Stack
let browser: Browser
let officer: Person
let authenticator: Authenticator
let recoveryCodes: readonly string[]
let carol: TestClient
let api: AdminClient
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  api = createAdminClient(paths(stack.dataDir).adminSocket)
  officer = await openPage(browser, `${stack.url}/admin`, { viewport: { width: 1280, height: 800 } })
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

const press = (name: string | RegExp) => officer.page.getByRole('button', { name }).click()
const heading = (name: string) => officer.page.getByRole('heading', { level: 1, name }).waitFor()
const open = async (name: string) => {
  await officer.page.getByRole('navigation').getByRole('link', { name }).click()
  await heading(name)
}

async function fillIn(password: string): Promise<void> {
  // The page before may have a field of the same name.
  await officer.page.getByTestId('sign-in').waitFor()
  await officer.page.getByLabel('Name', { exact: true }).fill(stack.admin.name)
  await officer.page.getByLabel('Password').fill(password)
  await press('Sign in')
}

test('a wrong password is said in words, and the name stays', async () => {
  await fillIn('not-the-password')
  await officer.page.getByText('Name or password is wrong.').waitFor()
  expect(await officer.page.getByLabel('Name', { exact: true }).inputValue()).toBe(stack.admin.name)
  await look(officer, 'console-sign-in')
})

test('an administrator signs in, enrolls an authenticator, and is asked for its code from then on', async () => {
  await fillIn(stack.admin.password)
  await heading('Overview')
  await officer.page.getByRole('link', { name: stack.admin.name, exact: true }).click()
  await press('Enroll an authenticator')
  await officer.page.getByRole('img', { name: 'The secret, to be scanned' }).waitFor()
  await look(officer, 'console-authenticator')
  authenticator = authenticatorOf((await officer.page.getByTestId('totp-secret').textContent()) ?? '')
  await officer.page.getByLabel('Code').fill(authenticator.next())
  await press('Put it in force')
  const codes = officer.page.getByTestId('recovery-codes').getByRole('listitem')
  await expect.poll(() => codes.count()).toBe(10)
  recoveryCodes = await codes.allTextContents()
  await look(officer, 'console-second-factor')
  await press('I have kept them')
  await officer.page.getByText(/10 codes on paper are left/).waitFor()

  await press('Sign out')
  await fillIn(stack.admin.password)
  await officer.page.getByText('This account has a second factor: please add a code, or use your passkey.').waitFor()
  await officer.page.getByLabel('Code').fill('000000')
  await press('Sign in')
  await officer.page.getByText(/This code is wrong or was used already/).waitFor()
  await officer.page.getByLabel('Code').fill(authenticator.next())
  await press('Sign in')
  // Where they were.
  await heading('Your account')
})

test('a passkey is added, signs in without name, password and code, and is taken away (WebAuthn §7)', async () => {
  const { page } = officer
  const device = await page.context().newCDPSession(page)
  await device.send('WebAuthn.enable')
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true } as const
  await device.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, isUserVerified: true } })
  await page.getByText('You have no passkey yet.').waitFor()
  await page.getByLabel('Name of the passkey').fill('Laptop')
  await press('Add a passkey')
  await page.getByRole('rowheader', { name: 'Laptop' }).waitFor()
  await look(officer, 'console-passkeys')
  await page.getByLabel('Name of the passkey').fill('The same again')
  await press('Add a passkey')
  await page.getByText('This passkey was added before.').waitFor()

  await press('Sign out')
  await press('Use a passkey')
  await heading('Your account')
  await press('Remove Laptop')
  await page.getByText('You have no passkey yet.').waitFor()
  await press('Sign out')
  await press('Use a passkey')
  await page.getByText('This passkey was not accepted.').waitFor()
  await device.detach()
  await fillIn(stack.admin.password)
  await page.getByLabel('Code').fill(authenticator.next())
  await press('Sign in')
  await heading('Your account')
})

test('the overview says how the service is, in numbers that lead to their rows', async () => {
  await open('Overview')
  await officer.page
    .getByRole('link', { name: 'Normal' })
    .or(officer.page.getByRole('link', { name: 'Degraded' }))
    .waitFor()
  await officer.page.getByRole('cell', { name: /alive/ }).waitFor()
  await officer.page.getByText(/Sessions on builds without a known flaw/).waitFor()
  await look(officer, 'console-overview')
})

test('clients in use are listed with what is known of them, and who uses one', async () => {
  carol = await signedIn(stack, await stack.account('carol'), { name: 'Old Client', version: '1.0.0' })
  await open('Clients')
  const row = officer.page.getByTestId('client').filter({ hasText: 'old-client' })
  await expect
    .poll(async () => {
      await officer.page.reload()
      const nobody = officer.page.getByText(/^No client has signed in/)
      await officer.page.getByTestId('client').or(nobody).first().waitFor()
      return row.count()
    })
    .toBe(1)
  await row.getByRole('link', { name: 'One person' }).click()
  await officer.page.getByRole('rowheader', { name: 'carol' }).waitFor()
  await look(officer, 'console-clients')
  await officer.page.getByLabel('Family or version').fill('nothing like it')
  await officer.page.getByText('No client fits this filter.').waitFor()
  await officer.page.getByLabel('Family or version').fill('OLD')
  await officer.page.getByTestId('list-end').getByText('In all: 1.').first().waitFor()
  expect(officer.page.url()).toContain('text=OLD')
  const [table] = await Promise.all([officer.page.waitForEvent('download'), press('Save as CSV')])
  expect(await readFile(await table.path(), 'utf8')).toMatch(
    /^\uFEFFfamily,version,.*\r\nold-client,1\.0\.0,1,1,E1,fine,/,
  )
})

test('control §7: a rule is tried by name, added, confirmed while the clock runs, and undone', async () => {
  await officer.page.getByTestId('client').filter({ hasText: 'old-client' }).getByRole('button').click()
  const editor = officer.page.getByTestId('rule-editor')
  expect(await editor.getByLabel('Family').inputValue()).toBe('old-client')
  await editor.getByLabel('Below version').fill('2.0.0')
  // What few need is folded up; a date of its own is reckoned into the ladder at once.
  await editor.locator('summary').filter({ hasText: 'Dates of the stages' }).click()
  const stage = (name: string) => editor.getByRole('row').filter({ hasText: name })
  await stage('Warn').getByLabel('Another date: Warn').fill('2030-05-06T07:08')
  await stage('Warn').getByText('left out').waitFor()
  await stage('Warn').getByLabel('Another date: Warn').fill('')
  await editor.locator('summary').filter({ hasText: 'Rings' }).click()
  await press('Add a ring')
  await editor.getByTestId('ring').getByLabel('Hours later').fill('0')
  await look(officer, 'console-rule-editor')
  await press('Remove ring 1')
  await editor.getByLabel('How fast').selectOption('now')
  // What the form would do is a command that does the same.
  await editor.locator('summary').filter({ hasText: 'The same by command line' }).click()
  const [, ...command] = ((await editor.getByLabel('command').textContent()) ?? '').split(' ')
  expect(await stack.cli<{ rule: object }>(...command, '--dry-run')).toMatchObject({
    rule: { family: 'old-client', below: '2.0.0', action: 'disconnect', preset: 'now' },
  })
  // And a request, which is what the next button sends.
  const request = (await editor.getByLabel('API call').textContent()) ?? ''
  expect(await sent(request, await tokenOf(stack))).toMatchObject({ people: 1, sessions: 1 })
  await press('See whom it reaches')
  const found = editor.getByRole('heading', { name: 'One person, one open session' })
  await expect.poll(() => found.evaluate((heading) => heading === document.activeElement)).toBe(true)
  await editor.getByRole('rowheader', { name: 'carol' }).waitFor()
  await look(officer, 'console-simulation')
  await press('Lock out one person')
  expect(await carol.closed).toMatchObject({ condition: 'policy-violation' })
  await officer.page.getByTestId('applied').getByRole('cell', { name: 'applied' }).waitFor()

  const rule = officer.page.getByTestId('rule')
  await rule.getByTestId('countdown').waitFor()
  await look(officer, 'console-rules')
  await press('Confirm')
  // Nobody has yet shown that people still get in.
  await rule.getByRole('alert').filter({ hasText: /./ }).waitFor()
  const own = await signedIn(stack, stack.admin, { name: 'New Client', version: '3' })
  await press('Confirm')
  await officer.page.getByText('The rule is confirmed.').waitFor()
  await rule.getByText(/confirmed by/).waitFor()
  await own.end()
  // A rule that was made in a hurry can be kept from falling back. Somebody else has held it back meanwhile: that is shown
  // before anything is done, and what was typed stays.
  await press('Take the guardrails off …')
  const guard = officer.page.getByRole('dialog')
  await guard.getByLabel('Why').fill('they are meant')
  const { rules } = await api('listClientRules', {})
  const [{ id } = { id: '' }] = rules
  await api('holdClientRule', { params: { id }, body: { stage: 'warn', reason: 'too many calls' } })
  const off = guard.getByRole('button', { name: 'Take the guardrails off' })
  await off.click()
  await guard
    .getByTestId('conflict')
    .getByText(/too many calls/)
    .waitFor()
  expect(await guard.getByLabel('Why').inputValue()).toBe('they are meant')
  await off.click()
  await rule.getByText('without guardrails').waitFor()
  await press('Undo: remove the rule')
  await officer.page.getByText('There are no rules').waitFor()
  // What was taken away is written again with a press, and tried like any other.
  await press('Write old-client below 2.0.0 again')
  expect(await editor.getByLabel('Below version').inputValue()).toBe('2.0.0')
  await press('Discard the draft')
})

test('advisories and exceptions say so when there are none', async () => {
  const views = officer.page.getByRole('navigation', { name: 'Views of clients' })
  await views.getByRole('link', { name: 'Advisories' }).click()
  await officer.page.getByText(/No imported advisory/).waitFor()
  await views.getByRole('link', { name: 'Exceptions' }).click()
  await officer.page.getByText('Nobody is spared from the rules.').waitFor()
  await look(officer, 'console-exceptions')
})

test('a suspension is seen before it begins, takes hold on each node, is extended and ended', async () => {
  await open('Emergency')
  await officer.page.getByText('Nothing is suspended, and nothing ever was.').waitFor()
  const form = officer.page.getByTestId('start-suspension')
  await form.getByLabel('Images', { exact: true }).check()
  await form.getByLabel('How', { exact: true }).selectOption('hold')
  await form.getByLabel(/^Reason, as users will read it/).fill('An image exploit is being checked.')
  await form.getByLabel('Reason in German').fill('Eine Bildlücke wird geprüft.')
  await form.getByText(/Das Teilen von Bildern ist angehalten.*Eine Bildlücke wird geprüft/).waitFor()
  await look(officer, 'console-suspension-draft')
  await press('See whom it concerns')
  await officer.page.getByRole('dialog').getByText('Suspend: Images?').waitFor()
  await look(officer, 'console-suspension-confirm')
  await officer.page
    .getByRole('dialog')
    .getByRole('button', { name: /^Suspend / })
    .click()
  await officer.page.getByText('The suspension is in force.').waitFor()
  await officer.page.getByTestId('applied').getByRole('cell', { name: 'applied' }).waitFor()
  await officer.page.getByRole('link', { name: 'Suspended' }).waitFor()
  await look(officer, 'console-emergency')

  const running = officer.page.getByTestId('suspension')
  await running.getByText('a person ends it').waitFor()
  await running.getByRole('button', { name: 'Leave somebody alone …' }).click()
  await officer.page.getByRole('dialog').getByLabel('Accounts').fill('carol')
  await officer.page.getByRole('dialog').getByRole('button', { name: 'Leave them alone' }).click()
  await running.getByRole('listitem').filter({ hasText: 'carol used 0 times' }).waitFor()
  await whatOthersChangedIsSeenFirst(stack, officer)
  await running.getByRole('button', { name: 'End …', exact: true }).click()
  await officer.page.getByRole('dialog').getByRole('button', { name: 'End and release' }).click()
  await officer.page.getByText(/The suspension has ended/).waitFor()
  await expect.poll(() => running.count()).toBe(0)
})

test('what somebody else suspends is on the page when it takes hold, with the node and the time, and gone when it ends', async () => {
  await officer.page.reload()
  await heading('Emergency')
  const { suspension } = await api('startSuspension', {
    body: { scopes: ['files'], mode: 'announce', reason: 'from the command line' },
  })
  const startedAt = performance.now()
  const card = officer.page.getByTestId('suspension').filter({ hasText: 'from the command line' })
  await card.getByText(/^on 1 of 1 nodes; the slowest took \d+ ms/).waitFor()
  const shownMs = Math.round(performance.now() - startedAt)
  await card.getByText(/^on 1 of 1 nodes/).click()
  await card.getByRole('cell', { name: 'applied', exact: true }).waitFor()
  await look(officer, 'console-applied')
  await api('endSuspension', { params: { id: suspension?.id ?? '' } })
  await card.waitFor({ state: 'detached' })
  console.log(`what another made was on the page ${shownMs} ms after its answer`)
})

test('a suspension in a hurry takes nothing away that was half typed', async () => {
  await whatIsHalfTypedIsKept(officer)
})

test('at 3 a.m. images are suspended from the overview by keyboard alone: a link and a button', async () => {
  await open('Overview')
  await imagesAreSuspendedByKeyboard(officer)
})

test('what was held is read one message at a time, on record, and delivered, discarded or left', async () => {
  await whatIsHeldIsReviewed(stack, officer)
})

test('a room is found by its name, by keyboard alone, and stays in the form after a reload', async () => {
  await aRoomIsFoundByItsName(stack, officer)
})

test('a playbook is written, tried as a drill, and kept whole by two who change it at once', async () => {
  await aPlaybookIsKeptReady(stack, officer)
})

test('the audit log is filtered, shows what changed, and is verified', async () => {
  await open('Audit')
  await officer.page.getByLabel('Action', { exact: true }).fill('start-suspension')
  await press('Filter')
  const entry = officer.page.getByTestId('audit-entry')
  await expect.poll(() => entry.count()).toBe(5)
  expect(officer.page.url()).toContain('action=start-suspension')
  await entry.last().locator('summary').click()
  await entry.getByText('An image exploit is being checked.').waitFor()
  await press('Verify')
  await officer.page.getByText(/^Whole\. Entries checked/).waitFor()
  await look(officer, 'console-audit')
  await aLongListIsReadPageByPage(stack, officer)
})

test('exploit at 3 a.m.: from the advisory to the lock-out and back, with the pictures that its page shows', async () => {
  await exploitAt3Am(stack, officer)
})

test('every page is reached by its heading, and none scrolls sideways: 320 pixels wide, or with text twice as large', async () => {
  await everyPageFits(officer)
})

test('stored images are made anew, and how far that is is seen', async () => {
  await open('Emergency')
  await storedImagesAreMadeAnew(officer)
})

test('a session that ends leaves what was typed, and whoever comes back goes on with it', async () => {
  await open('Emergency')
  const reason = officer.page.getByLabel(/^Reason, as users will read it/)
  await reason.fill('half a sentence')
  await officer.context.clearCookies()
  // As when somebody comes back to the page: it asks at once, and not when its time has come.
  await officer.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  const dialog = officer.page.getByRole('dialog')
  await dialog.getByText('Please sign in again').waitFor()
  await look(officer, 'console-expired')
  await dialog.getByLabel('Password').fill(stack.admin.password)
  await dialog.getByRole('button', { name: 'Sign in' }).click()
  await dialog.getByLabel('Code').fill(recoveryCodes[0] ?? '')
  await dialog.getByRole('button', { name: 'Sign in' }).click()
  await expect.poll(() => dialog.count()).toBe(0)
  expect(await reason.inputValue()).toBe('half a sentence')
  // Also when the page has to be loaded anew in between.
  await officer.context.clearCookies()
  await officer.page.reload()
  await fillIn(stack.admin.password)
  await officer.page.getByLabel('Code').fill(recoveryCodes[1] ?? '')
  await press('Sign in')
  await officer.page.getByText('What you had typed is here again.').waitFor()
  expect(await reason.inputValue()).toBe('half a sentence')
})

test('in German, too; and an auditor sees what they may not do, and why', async () => {
  await press('Deutsch')
  await heading('Notfall')
  await look(officer, 'console-german')
  await press('English')
  const { password } = await stack.account('dora')
  await stack.cli('account', 'role', 'dora', 'auditor')
  const auditor = await openPage(browser, `${stack.url}/admin/emergency`)
  await auditor.page.getByLabel('Name', { exact: true }).fill('dora')
  await auditor.page.getByLabel('Password').fill(password)
  await auditor.page.getByRole('button', { name: 'Sign in' }).click()
  const form = auditor.page.getByTestId('start-suspension')
  await form.getByText(/Your role may not do this. Ask somebody who is: Administrator/).waitFor()
  expect(await form.getByRole('button', { name: 'See whom it concerns' }).isDisabled()).toBe(true)
  await look(auditor, 'console-auditor')
  expect([...auditor.faults, ...officer.faults]).toEqual([])
})
