import type { CompanyFault } from '../app/company-return.ts'
import type { Availability } from '../protocol/presence.ts'
import type { RemovedFeature } from '@drawbridge/contract/browser'
import type { EncryptionPolicy } from '../protocol/encryption.ts'
import type { Quota } from '../protocol/quotas.ts'
import type { UploadProblem } from '../state/chat-state.ts'
import type { MediaGone } from '../state/media.ts'
import { plural } from '@drawbridge/ui'

const n = (count: number, one: string, other: string) => plural('en', count, { one, other })

export const en = {
  appName: 'Drawbridge',
  loading: 'Loading…',
  close: 'Close',
  cancel: 'Cancel',
  back: 'Back to conversations',
  retry: 'Try again',
  details: 'Details',
  copy: 'Copy',
  copied: 'Copied',
  download: 'Download',

  signInTitle: 'Sign in',
  signInLead: (domain: string) => `to ${domain}`,
  address: 'Address',
  addressHint: (domain: string) => `Your name, or name@${domain}`,
  password: 'Password',
  remember: 'Keep me signed in on this device',
  rememberHint: 'Not on a shared computer. Your password itself is never stored.',
  companySignIn: 'Sign in with your company account',
  companyAt: (host: string) => `You go on at ${host}, and come back here.`,
  orPassword: 'or with a password',
  signIn: 'Sign in',
  signingIn: 'Signing in…',
  problemAddress: 'This is not a complete address. Write your name, or name@domain.',
  problemBadCredentials: 'Address or password is not right.',
  problemPasswordNeeded: 'Please enter your password again. It may have been changed.',
  problemSignedOut: 'This device was signed out from another one.',
  problemAccountDisabled: 'This account is disabled. Please ask your administrator.',
  problemUntrusted:
    'The server could not prove that it knows your account, so nothing was sent. Please tell your administrator.',
  problemTryLater: 'The server does not take this sign-in right now. Please wait a moment and try again.',
  problemUnreachable: 'The server cannot be reached. Check your network and try again.',
  problemSignInEnded:
    'Your sign-in with your company account has run out. Please sign in again; drafts and unsent messages are kept.',
  problemTokenRefused:
    'Your company sign-in was not accepted here. Please sign in again; if that does not help, ask an administrator.',
  problemTokenNotOffered:
    'This server takes no company sign-in over this connection. Please sign in with a password, and tell your administrator.',
  problemCompany: (fault: CompanyFault) =>
    ({
      away: 'The sign-in of your company cannot be reached. Please try again in a moment.',
      cancelled: 'You did not go through with it at your company’s sign-in. Nothing was changed.',
      refused:
        'The sign-in of your company did not let you in. Please try again; if that does not help, ask an administrator.',
      'not-asked':
        'What came back from your company’s sign-in does not belong to this tab, so it was not used. Please start again here.',
    })[fault],
  problemSuspended: 'The service is suspended.',

  conversations: 'Conversations',
  newConversation: 'New conversation',
  filterConversations: 'Search people and conversations',
  noConversationsTitle: 'No conversations yet',
  noConversationsText: 'Start one with a colleague: all you need is their name.',
  noMatches: (text: string) => `Nobody matches “${text}”.`,
  draft: 'Draft:',
  you: 'You:',
  image: 'Image',
  unread: (count: number) => n(count, '1 unread message', `${count} unread messages`),
  requestTitle: 'wants to see when you are available',
  accept: 'Accept',
  decline: 'Decline',
  acceptFrom: (name: string) => `Accept ${name}`,
  declineFrom: (name: string) => `Decline ${name}`,

  welcomeTitle: 'Pick a conversation',
  welcomeText: 'Choose somebody on the left, or start a new conversation.',
  dialogNewTitle: 'New conversation',
  dialogNewAddress: 'Who do you want to write to?',
  dialogNewHint: (domain: string) => `A name at ${domain}, or a full address`,
  dialogNewStart: 'Start',
  dialogNewPeople: 'People',
  dialogNewNobody: (text: string) => `Nobody here is called “${text}”. A full address works all the same.`,
  addContact: 'Add to contacts',
  contactPending: 'Waiting for their answer',

  messages: 'Messages',
  messagesWith: (name: string) => `Messages with ${name}`,
  message: 'Message',
  messageTo: (name: string) => `Message ${name}`,
  send: 'Send',
  attach: 'Attach',
  dropHere: 'Drop files to share them',
  composerHint: 'Enter sends, Shift+Enter starts a new line',
  composerReadOnly: 'Sending is suspended. Your draft is kept until it resumes.',
  composerHold: (count: number) =>
    count === 0
      ? 'Messages are held until service resumes.'
      : n(
          count,
          'Messages are held until service resumes. 1 waiting.',
          `Messages are held until service resumes. ${count} waiting.`,
        ),
  composerReview: (count: number) =>
    n(
      count,
      '1 of your messages is held and not delivered yet.',
      `${count} of your messages are held and not delivered yet.`,
    ),
  composerOffline: 'You are offline. What you send waits here and goes out when you are back.',
  composerServerAway: 'The server cannot be reached. What you send waits here and goes out when it is back.',
  startOfHistory: (name: string) => `This is the beginning of your conversation with ${name}.`,
  loadingOlder: 'Loading older messages…',
  loadOlderFailed: 'Older messages could not be loaded.',
  newMessages: 'New messages',
  jumpToLatest: 'Jump to latest',
  jumpToNew: (count: number) => n(count, '1 new message', `${count} new messages`),
  today: 'Today',
  yesterday: 'Yesterday',
  announceNew: (count: number, name: string) =>
    n(count, `New message from ${name}`, `${count} new messages from ${name}`),
  author: (name: string) => `${name}`,
  ownAuthor: 'You',
  timelineHelp: 'Use the arrow keys to move between messages.',

  stateQueued: 'Waiting to be sent',
  stateSent: 'Sent',
  stateRecorded: 'Stored by the server',
  stateDelivered: 'Delivered',
  stateHeld: 'Held: not delivered yet',
  stateStopped: 'Not sent: sending is suspended',
  stateFailed: 'Not sent',
  discard: 'Discard',
  failedReason: (text: string) => `Not sent: ${text}`,
  reasonUnknownPerson: 'nobody has this address.',
  discardedByAdministrator: 'Not delivered: held, and discarded by an administrator.',
  reasonNotAllowed: 'the server does not allow it.',
  reasonBlocked: 'this person does not take your messages.',
  reasonOther: 'the server refused it.',
  tooLong: 'Not sent: this is longer than the server takes in one message. Send it in parts, or as a file.',

  imageFrom: (name: string) => `Image from ${name}`,
  stickerFrom: (name: string) => `Sticker from ${name}`,
  openImage: (what: string) => `Open: ${what}`,
  imagePosition: (index: number, count: number) => `${index} of ${count}`,
  previousImage: 'Previous image',
  nextImage: 'Next image',
  actualSize: 'Actual size',
  fitToScreen: 'Fit to screen',
  reEncoded: 'Re-encoded.',
  reEncodedRemoved: (parts: string) => `Removed: ${parts}.`,
  reEncodedFlattened: 'The animation became a still image.',
  removedPart: (part: RemovedFeature) =>
    ({
      exif: 'camera data with any location',
      xmp: 'editing history',
      iptc: 'captions and keywords',
      c2pa: 'proof of origin',
      gainMap: 'extra brightness (HDR)',
      comment: 'comments',
      trailingBytes: 'hidden data behind the image',
    })[part],

  encryptedMessage: 'Encrypted message',
  encryptedText: (scheme: string) =>
    scheme === '?'
      ? 'This message is encrypted end to end. This app cannot show it; read it in the app it was written for.'
      : `This message is encrypted end to end (${scheme}). This app cannot show it; read it in an app that can.`,
  conversationPolicy: 'What the server does with messages here',
  policyChecked:
    'The server keeps and checks what is sent here. Images are made anew before anybody sees them, so that nothing hidden in them arrives.',
  policyEncryption: 'End-to-end encryption',
  policyLoading: 'Asking the server…',
  policyFailed: 'The server did not say. Try again in a moment.',
  policyOfEncryption: (policy: EncryptionPolicy) =>
    ({
      refuse: 'Refused here: the server could not check what is inside. Write without it, as this app does.',
      'text-only':
        'Encrypted text passes unchecked, encrypted files are refused. This app does not encrypt and cannot show what others did.',
      allow: 'Encrypted messages and files pass unchecked. This app does not encrypt and cannot show what others did.',
    })[policy],

  linkPreviews: 'Show what is behind links',
  linkPreviewsHint: 'Your server looks for you; the site does not learn who you are.',
  uploading: (percent: number) => `Uploading ${percent} %`,
  checking: 'Checking…',
  inQueue: (ahead: number) =>
    n(ahead, 'In the queue: 1 file is checked before yours', `In the queue: ${ahead} files are checked before yours`),
  imageGone: (why: MediaGone['why']) =>
    ({
      recalled: 'Removed by an administrator.',
      withheld: 'Image withheld: update your client.',
      suspended: 'Images are suspended at the moment.',
      expired: 'The link to this image has expired. Reload the page to get a new one.',
      missing: 'This image is no longer on the server.',
      offline: 'Not loaded: the server was not reached.',
      unknown: 'This image could not be loaded.',
    })[why],
  imageGoneReason: (reason: string) => `Reason: ${reason}`,
  removeUpload: (name: string) => `Remove ${name}`,
  uploadProblem: (reason: UploadProblem['reason']) =>
    ({
      unsupported: 'This kind of image is not accepted. Try JPEG, PNG, WebP or GIF.',
      corrupt: 'This image is damaged. Open it in an image program, save it again and try that.',
      'too-large': 'This is too large. Try a smaller version.',
      'too-many-frames': 'This animation has too many frames. Try a shorter one, or a still image.',
      failed: 'This image could not be re-encoded. Take a screenshot of it and send that instead.',
      unavailable: 'It could not be checked just now. Your file is fine; try again in a moment.',
      suspended: 'Sharing is suspended at the moment. Try again when it resumes.',
      network: 'The connection was lost during the upload.',
      'not-allowed': 'The server does not accept this file.',
      'quota-day': 'You have uploaded as much as is allowed in a day. Try again later, or send a smaller file.',
      'quota-stored': 'Your files fill all the room that you have. Ask your administrator for more.',
      'quota-unit': 'The files of your unit fill all the room that it has. Ask your administrator for more.',
      'quota-server': 'The server has no room for this file. Ask your administrator, or try again later.',
      'too-many': 'Too much in a short time. Wait a minute, then try again.',
    })[reason],
  uploadRetryAt: (moment: string) => `There is room again from ${moment}.`,

  storage: 'Storage',
  storageLoading: 'Looking…',
  storageFailed: 'Your storage could not be looked up.',
  storageKind: (kind: Quota['kind'], name: string) =>
    ({ day: 'Uploaded in the last 24 hours', stored: 'Your files', unit: `Files of ${name}` })[kind],
  storageUsed: (used: string, limit: string) => `${used} of ${limit}`,
  storageUnlimited: (used: string) => `${used}, without a limit`,
  storageFull: (kind: Quota['kind']) =>
    ({
      day: 'Full. New files are refused until the oldest of these are a day old.',
      stored: 'Full. New files are refused. Ask your administrator for more room.',
      unit: 'Full. New files are refused. Ask your administrator for more room.',
    })[kind],

  devices: 'Your devices',
  devicesLead: 'Everything that is signed in to your account, or can sign in without asking you.',
  devicesLoading: 'Looking…',
  devicesFailed: 'Your devices could not be looked up.',
  devicesOnlyThis: 'No other device is signed in.',
  deviceUnknown: 'Unknown app',
  deviceThis: 'This device',
  deviceActive: 'Active now',
  deviceSeen: (relative: string, absolute: string) => `Last here ${relative} (${absolute})`,
  deviceSignOut: (name: string) => `Sign out ${name}`,
  deviceConfirm: (name: string) => `Sign out ${name}? It loses the connection at once.`,
  deviceSignedOut: (name: string) => `${name} was signed out.`,
  deviceKnowsPassword: (name: string) =>
    `${name} was signed out. It knows your password, and can sign in again with it. If you do not know this device, have your password changed.`,
  deviceFailed: (name: string) => `${name} could not be signed out. Try again.`,

  availability: (value: Availability) =>
    ({ online: 'Available', away: 'Away', dnd: 'Do not disturb', offline: 'Offline' })[value],
  yourStatus: 'Your status',
  statusPlaceholder: 'What are you up to?',
  saveStatus: 'Save',
  account: 'Account',
  changePicture: 'Change picture',
  pictureRefused: 'This picture was not accepted. Try a JPEG or PNG.',
  theme: 'Appearance',
  themeSystem: 'System',
  themeLight: 'Light',
  themeDark: 'Dark',
  language: 'Language',
  shortcuts: 'Keyboard shortcuts',
  signOut: 'Sign out',
  signOutUnsent: (count: number) =>
    n(
      count,
      '1 message has not been sent yet. Signing out deletes it.',
      `${count} messages have not been sent yet. Signing out deletes them.`,
    ),
  version: (version: string, build: string) => `Version ${version} (${build})`,

  shortcutSearch: 'Search people and conversations',
  shortcutNextConversation: 'Next conversation',
  shortcutPreviousConversation: 'Previous conversation',
  shortcutSend: 'Send message',
  shortcutNewLine: 'New line',
  shortcutTimeline: 'Move between messages',
  shortcutActions: 'Into the actions of a message, and back',
  shortcutHelp: 'This list',

  connecting: 'Connecting…',
  waiting: (seconds: number) => `You are offline. Trying again in ${seconds} s`,
  waitingForServer: (seconds: number) => `The server cannot be reached. Trying again in ${seconds} s`,
  tryNow: 'Try now',
  suspendedAnnounce: 'An announcement from the administration',
  suspendedReadOnly: 'Sending is suspended',
  suspendedHold: 'Messages are held',
  suspendedCut: 'The service is suspended',
  moreSuspended: (count: number): string => (count === 1 ? 'One more suspension.' : `${count} more suspensions.`),
  suspendedSeveral: 'Some features are suspended',
  suspendedScope: (kind: string) =>
    ({
      images: 'Sharing images is suspended',
      files: 'Sharing files is suspended',
      federation: 'Messages to other organizations are suspended',
      rooms: 'Group chat is suspended',
      room: 'A room is suspended',
      presence: 'Presence is suspended',
      search: 'Searching is suspended',
      registration: 'New accounts are suspended',
      push: 'Push notifications are suspended',
      bots: 'Bots are suspended',
      format: 'Sharing images of one format is suspended',
    })[kind] ?? 'Something is suspended',
  reason: 'Reason',
  noReason: 'No reason was given.',
  since: 'Since',
  expectedEnd: 'Expected end',
  noEnd: 'not announced',
  whatWorks: 'What still works',
  worksReadOnly: 'You can read and search. Drafts are kept.',
  worksReject: 'Messages are not shown for now, and come back when it is over. Drafts are kept.',
  worksHold: 'You can write. The server keeps your messages and delivers them, in order, when the service resumes.',
  worksFeature: 'Everything else works as usual.',
  cutText: 'You will be reconnected automatically. Drafts and unsent messages are kept.',
  helpOutside: 'Help outside this service',
  statusPage: 'State of the service',
  messagesHidden: 'Messages are not shown while this is suspended. They come back when it is over; nothing is lost.',
  previewHidden: 'Not shown for now',
  until: (absolute: string, relative: string) => `until ${absolute} (${relative})`,

  updateTitle: 'This version is no longer accepted',
  updateText: 'An administrator requires a newer version of Drawbridge. Your drafts and unsent messages are kept.',
  updateLooking: 'Looking for the new version…',
  updateReloading: (version: string) => `Version ${version} is ready. Loading it…`,
  updateReloadingIn: (version: string, seconds: number) =>
    n(
      seconds,
      `Version ${version} is ready. Loading it in 1 second.`,
      `Version ${version} is ready. Loading it in ${seconds} seconds.`,
    ),
  updateWaiting: 'The new version is not on the server yet. This page looks again every few seconds.',
  updateNow: 'Load it now',
  updateYours: 'Your version',
  updateNeeded: 'Needed version',
  updateRule: 'Rule',
  updateDeadline: 'Deadline',
  updateLink: 'More about this update',
  copyDetails: 'Copy details',
}

/** The texts of one language: the same keys with the same parameters in each. */
export type Texts = typeof en
