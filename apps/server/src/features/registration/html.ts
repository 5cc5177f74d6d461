import { createHash } from 'node:crypto'

/** What a page says. Everything in it is text; `buildPage` makes HTML of it. */
export interface Page {
  readonly texts: Texts
  readonly title: string
  readonly lead: string
  readonly fault?: string | undefined
  readonly form?: { readonly name: string; readonly isFixed: boolean; readonly domain: string } | undefined
  readonly link?: { readonly href: string; readonly label: string; readonly note: string } | undefined
}

const EN = {
  language: 'en',
  invited: (domain: string) => `You are invited to ${domain}`,
  invitedBy: (who: string, domain: string) => `${who} invites you to ${domain}`,
  lead: 'Choose a name and a password. With them you sign in here in the browser, or in any XMPP app.',
  leadContact: (jid: string) => `Open the link in your XMPP app to become a contact of ${jid}.`,
  name: 'Name',
  password: 'Password',
  passwordNote: 'At least 8 characters.',
  again: 'The password again',
  create: 'Create account',
  passwordsDiffer: 'The two passwords differ.',
  openInApp: 'Open in an XMPP app',
  openInAppNote: 'If nothing happens, no app that could open it is installed.',
  welcome: 'Your account is ready',
  welcomeLead: (jid: string) => `Your address is ${jid}.`,
  openWebClient: 'Sign in',
  openWebClientNote: 'In an XMPP app, sign in with this address.',
  gone: 'This invitation is not valid',
  goneLead: 'It may have expired, or somebody has used it already. Ask whoever sent it for a new one.',
}

export type Texts = typeof EN

const DE: Texts = {
  language: 'de',
  invited: (domain) => `Sie sind zu ${domain} eingeladen`,
  invitedBy: (who, domain) => `${who} lädt Sie zu ${domain} ein`,
  lead: 'Wählen Sie einen Namen und ein Passwort. Damit melden Sie sich hier im Browser oder in jeder XMPP-App an.',
  leadContact: (jid) => `Öffnen Sie den Link in Ihrer XMPP-App, um ein Kontakt von ${jid} zu werden.`,
  name: 'Name',
  password: 'Passwort',
  passwordNote: 'Mindestens 8 Zeichen.',
  again: 'Das Passwort noch einmal',
  create: 'Konto anlegen',
  passwordsDiffer: 'Die beiden Passwörter sind verschieden.',
  openInApp: 'In einer XMPP-App öffnen',
  openInAppNote: 'Wenn nichts geschieht, ist keine App installiert, die das öffnen kann.',
  welcome: 'Ihr Konto ist bereit',
  welcomeLead: (jid) => `Ihre Adresse ist ${jid}.`,
  openWebClient: 'Anmelden',
  openWebClientNote: 'In einer XMPP-App melden Sie sich mit dieser Adresse an.',
  gone: 'Diese Einladung ist nicht gültig',
  goneLead: 'Sie ist vielleicht abgelaufen oder schon benutzt. Bitten Sie um eine neue.',
}

export const TEXTS = { en: EN, de: DE } as const

/** German for whoever prefers it to English, else English. */
export function languageOf(acceptLanguage = ''): 'en' | 'de' {
  const first = acceptLanguage
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase())
    .find((language) => language === 'de' || language === 'en')
  return first === 'de' ? 'de' : 'en'
}

const STYLE = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f4f5f7, #14171c); }
main { box-sizing: border-box; width: min(28rem, 100% - 2rem); padding: 2rem; border-radius: 0.75rem;
  background: light-dark(#fff, #1e222a); color: light-dark(#1b1f26, #e8eaee); }
h1 { margin: 0 0 0.5rem; font-size: 1.375rem; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
label { display: block; margin-top: 0.75rem; font-weight: 600; }
small { display: block; color: light-dark(#555c68, #a8b0bd); }
input { box-sizing: border-box; width: 100%; padding: 0.5rem 0.625rem; font: inherit; color: inherit;
  background: light-dark(#fff, #14171c); border: 1px solid light-dark(#767d89, #7d8594); border-radius: 0.375rem; }
button, .button { display: block; box-sizing: border-box; width: 100%; margin: 1.25rem 0 0.25rem; padding: 0.625rem;
  font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; border: 0;
  border-radius: 0.375rem; color: #fff; background: #2456c7; }
.quiet { color: light-dark(#1d4aae, #9dbcff); background: none; box-shadow: inset 0 0 0 1px currentColor; }
:focus-visible { outline: 3px solid light-dark(#2456c7, #9dbcff); outline-offset: 2px; }
[role='alert'] { padding: 0.625rem; border-radius: 0.375rem; color: light-dark(#8c1d18, #ffb4ab);
  background: light-dark(#fdeceb, #3a1a18); }
`

/** No script at all, our own style only, and forms go nowhere else. */
export const CONTENT_SECURITY_POLICY =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/** A page without scripts. */
export function buildPage({ texts, title, lead, fault, form, link }: Page): string {
  return [
    `<!doctype html><html lang="${texts.language}"><head><meta charset="utf-8">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escape(title)}</title><style>${STYLE}</style></head>`,
    `<body><main><h1>${escape(title)}</h1><p>${escape(lead)}</p>`,
    fault === undefined ? '' : `<p role="alert">${escape(fault)}</p>`,
    form ? buildForm(form, texts) : '',
    link
      ? `<a class="button${form ? ' quiet' : ''}" href="${escape(link.href)}">${escape(link.label)}</a>` +
        `<small>${escape(link.note)}</small>`
      : '',
    '</main></body></html>',
  ].join('\n')
}

function buildForm({ name, isFixed, domain }: NonNullable<Page['form']>, texts: Texts): string {
  const fixed = isFixed ? ' readonly' : ''
  return [
    '<form method="post">',
    `<label for="name">${texts.name}</label>`,
    `<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="256"`,
    ` aria-describedby="domain" value="${escape(name)}"${fixed}><small id="domain">@${escape(domain)}</small>`,
    `<label for="password">${texts.password}</label>`,
    '<input id="password" name="password" type="password" autocomplete="new-password" required minlength="8"',
    ` aria-describedby="rule"><small id="rule">${texts.passwordNote}</small>`,
    `<label for="again">${texts.again}</label>`,
    '<input id="again" name="again" type="password" autocomplete="new-password" required minlength="8">',
    `<button>${texts.create}</button></form>`,
  ].join('\n')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => ENTITIES[character] ?? '')
}
