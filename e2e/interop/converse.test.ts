import { openConverse } from '../support/converse.ts'
import { startBrowser } from '../support/browser.ts'
import { describeClient } from './foreign-client.ts'

describeClient('Converse.js', async (persona, product) => {
  // The page comes from Playwright, which Chromium takes for a stranger on the network of the server.
  const browser = await startBrowser('--disable-features=LocalNetworkAccessChecks')
  const { page, sent, call, open } = await openConverse(browser, persona, product)
  /** A message of the conversation that is open now. */
  const row = (text: string) => page.locator('converse-chat-message:visible').filter({ hasText: text })
  const write = async (text: string) => {
    const composer = page.locator('textarea.chat-textarea:visible')
    await composer.fill(text)
    await composer.press('Enter')
  }
  /** Chooses from the menu of a message. */
  const act = async (text: string, action: string) => {
    await row(text).last().hover()
    await row(text).last().getByRole('button', { name: 'Menu' }).click()
    await row(text).last().locator(`.chat-msg__action-${action}`).click()
  }

  return {
    mechanism: async () => /<auth [^>]*mechanism="([^"]+)"/.exec(sent.join(''))?.[1] ?? '',
    addContact: (jid) => call('contacts', 'add', { jid }, true, true),
    // It agrees by itself where it has asked before.
    acceptContact: async () => undefined,
    seesOnline: (jid) => page.locator(`[data-status=online] [data-jid="${jid}"]`).waitFor(),
    async say(jid, text) {
      await open(jid)
      await write(text)
    },
    knowsArrived: (text) => row(text).locator('.chat-msg__receipt').waitFor(),
    async shows(jid, text) {
      await open(jid)
      await row(text).waitFor()
    },
    async showsHistory(jid, text) {
      const fresh = await openConverse(browser, persona, product)
      await fresh.open(jid)
      await fresh.page.locator('converse-chat-message').filter({ hasText: text }).waitFor()
      await fresh.context.close()
    },
    joinRoom: (room, nick) => call('rooms', 'open', room, { nick }, true),
    showsInRoom: (_room, text) => row(text).waitFor(),
    sayInRoom: (_room, text) => write(text),
    async share(jid, path) {
      await open(jid)
      await page.locator(`converse-chat[jid="${jid}"] input.fileupload`).setInputFiles(path)
    },
    async correct(jid, was, text) {
      await open(jid)
      await act(was, 'edit')
      await write(text)
    },
    async showsCorrection(jid, was, text) {
      await open(jid)
      await row(text).locator('.chat-msg__edit-modal').waitFor()
      if ((await row(was).count()) > 0) throw new Error('what was said first still stands there')
    },
    async react(jid, text, emoji) {
      await open(jid)
      await act(text, 'reaction')
      await page.locator('.reaction-picker .reaction-item').filter({ hasText: emoji }).click()
    },
    async showsReaction(jid, text, emoji) {
      await open(jid)
      await row(text).locator('.chat-msg__reaction').filter({ hasText: emoji }).waitFor()
    },
    async publishAvatar(path) {
      await page.locator('a.show-profile').click()
      await page.locator('converse-profile-modal input[type=file]').setInputFiles(path)
      await page.locator('converse-profile-modal').getByRole('button', { name: 'Save and close' }).click()
    },
    block: (jid) => call('blocklist', 'add', jid),
    [Symbol.asyncDispose]: () => browser.close(),
  }
})
