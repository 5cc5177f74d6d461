// Every namespace the product speaks, one definition each. The XML namespace names are those of the RFC or XEP.

export const NS_XML = 'http://www.w3.org/XML/1998/namespace'
export const NS_XMLNS = 'http://www.w3.org/2000/xmlns/'

// RFC 6120, RFC 6121, RFC 7395
export const NS_CLIENT = 'jabber:client'
export const NS_SERVER = 'jabber:server'
export const NS_STREAM = 'http://etherx.jabber.org/streams'
export const NS_STREAMS = 'urn:ietf:params:xml:ns:xmpp-streams'
export const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
export const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls'
export const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'
export const NS_BIND = 'urn:ietf:params:xml:ns:xmpp-bind'
export const NS_SESSION = 'urn:ietf:params:xml:ns:xmpp-session'
export const NS_FRAMING = 'urn:ietf:params:xml:ns:xmpp-framing'
export const NS_ROSTER = 'jabber:iq:roster'
export const NS_ROSTER_VERSIONING = 'urn:xmpp:features:rosterver'
export const NS_PRE_APPROVAL = 'urn:xmpp:features:pre-approval'

// Streams and sign-in
/** XEP-0198 */
export const NS_SM = 'urn:xmpp:sm:3'
/** XEP-0352 */
export const NS_CSI = 'urn:xmpp:csi:0'
/** XEP-0388 */
export const NS_SASL2 = 'urn:xmpp:sasl:2'
/** XEP-0386 */
export const NS_BIND2 = 'urn:xmpp:bind:0'
/** XEP-0484 */
export const NS_FAST = 'urn:xmpp:fast:0'
/** XEP-0480 */
export const NS_SASL_UPGRADE = 'urn:xmpp:sasl:upgrade:0'
export const NS_SCRAM_UPGRADE = 'urn:xmpp:scram-upgrade:0'
/** XEP-0494 */
export const NS_CLIENT_ACCESS = 'urn:xmpp:cam:0'
/** XEP-0509 */
export const NS_IAP = 'urn:xmpp:iap:0'
/** XEP-0440 */
export const NS_SASL_CHANNEL_BINDING = 'urn:xmpp:sasl-cb:0'
/** XEP-0357 */
export const NS_PUSH = 'urn:xmpp:push:0'
export const NS_PUSH_SUMMARY = 'urn:xmpp:push:summary'
/** XEP-0478 */
export const NS_STREAM_LIMITS = 'urn:xmpp:stream-limits:0'

// Discovery and service
/** XEP-0030 */
export const NS_DISCO_INFO = 'http://jabber.org/protocol/disco#info'
export const NS_DISCO_ITEMS = 'http://jabber.org/protocol/disco#items'
/** XEP-0115 */
export const NS_CAPS = 'http://jabber.org/protocol/caps'
/** XEP-0300 */
export const NS_HASHES = 'urn:xmpp:hashes:2'
/** XEP-0390 */
export const NS_CAPS2 = 'urn:xmpp:caps'
/** XEP-0004 */
export const NS_DATA = 'jabber:x:data'
/** XEP-0122 */
export const NS_DATA_VALIDATE = 'http://jabber.org/protocol/xdata-validate'
/** XEP-0050 */
export const NS_COMMANDS = 'http://jabber.org/protocol/commands'
/** XEP-0059 */
export const NS_RSM = 'http://jabber.org/protocol/rsm'
/** XEP-0199 */
export const NS_PING = 'urn:xmpp:ping'
/** XEP-0215 */
export const NS_EXTERNAL_SERVICES = 'urn:xmpp:extdisco:2'
/** XEP-0092 */
export const NS_VERSION = 'jabber:iq:version'
/** XEP-0202 */
export const NS_TIME = 'urn:xmpp:time'
/** XEP-0012 */
export const NS_LAST = 'jabber:iq:last'
/** XEP-0077 */
export const NS_REGISTER = 'jabber:iq:register'
export const NS_REGISTER_FEATURE = 'http://jabber.org/features/iq-register'
/** XEP-0379 */
export const NS_PARS = 'urn:xmpp:pars:0'
/** XEP-0445 */
export const NS_IBR_TOKEN = 'urn:xmpp:ibr-token:0'
/** XEP-0401 */
export const NS_INVITE = 'urn:xmpp:invite'
/** XEP-0055 */
export const NS_SEARCH = 'jabber:iq:search'
/** XEP-0157: FORM_TYPE */
export const NS_SERVER_INFO = 'http://jabber.org/network/serverinfo'
/** XEP-0191 */
export const NS_BLOCKING = 'urn:xmpp:blocking'
export const NS_BLOCKING_ERRORS = 'urn:xmpp:blocking:errors'
/** XEP-0377 */
export const NS_REPORTING = 'urn:xmpp:reporting:1'
/** XEP-0138, refused */
export const NS_COMPRESS = 'http://jabber.org/protocol/compress'
/** XEP-0016, refused */
export const NS_PRIVACY = 'jabber:iq:privacy'
/** XEP-0049 */
export const NS_PRIVATE = 'jabber:iq:private'
/** XEP-0156: link relations in host-meta */
export const REL_WEBSOCKET = 'urn:xmpp:alt-connections:websocket'
export const REL_HTTP_BIND = 'urn:xmpp:alt-connections:xbosh'
export const NS_XRD = 'http://docs.oasis-open.org/ns/xri/xrd-1.0'

// Messages and archive
/** XEP-0280 */
export const NS_CARBONS = 'urn:xmpp:carbons:2'
/** XEP-0313 */
export const NS_MAM = 'urn:xmpp:mam:2'
export const NS_MAM_EXTENDED = 'urn:xmpp:mam:2#extended'
/** XEP-0431 */
export const NS_FULLTEXT = 'urn:xmpp:fulltext:0'
/** XEP-0359 */
export const NS_SID = 'urn:xmpp:sid:0'
/** XEP-0091, obsolete, yet read by older clients */
export const NS_DELAY_LEGACY = 'jabber:x:delay'
/** XEP-0203 */
export const NS_DELAY = 'urn:xmpp:delay'
/** XEP-0297 */
export const NS_FORWARD = 'urn:xmpp:forward:0'
/** XEP-0334 */
export const NS_HINTS = 'urn:xmpp:hints'
/** XEP-0085 */
export const NS_CHAT_STATES = 'http://jabber.org/protocol/chatstates'
/** XEP-0184 */
export const NS_RECEIPTS = 'urn:xmpp:receipts'
/** XEP-0333 */
export const NS_MARKERS = 'urn:xmpp:chat-markers:0'
/** XEP-0308 */
export const NS_CORRECTION = 'urn:xmpp:message-correct:0'
/** XEP-0424 */
export const NS_RETRACTION = 'urn:xmpp:message-retract:1'
export const NS_RETRACTION_TOMBSTONE = 'urn:xmpp:message-retract:1#tombstone'
export const NS_RETRACTION_0 = 'urn:xmpp:message-retract:0'
/** XEP-0425 */
export const NS_MODERATION = 'urn:xmpp:message-moderate:1'
export const NS_MODERATION_0 = 'urn:xmpp:message-moderate:0'
/** XEP-0422, which older retractions are wrapped in */
export const NS_FASTEN = 'urn:xmpp:fasten:0'
/** XEP-0444 */
export const NS_REACTIONS = 'urn:xmpp:reactions:0'
/** XEP-0461 */
export const NS_REPLY = 'urn:xmpp:reply:0'
/** XEP-0428 */
export const NS_FALLBACK = 'urn:xmpp:fallback:0'
/** XEP-0372 */
export const NS_REFERENCE = 'urn:xmpp:reference:0'
/** XEP-0249 */
export const NS_CONFERENCE = 'jabber:x:conference'
/** XEP-0045 */
export const NS_MUC = 'http://jabber.org/protocol/muc'
export const NS_MUC_USER = 'http://jabber.org/protocol/muc#user'
/** XEP-0463. */
export const NS_MUC_AFFILIATIONS = 'urn:xmpp:muc:affiliations:1'
export const NS_MUC_ADMIN = 'http://jabber.org/protocol/muc#admin'
export const NS_MUC_OWNER = 'http://jabber.org/protocol/muc#owner'
export const NS_MUC_REGISTER = 'http://jabber.org/protocol/muc#register'
export const NS_MUC_REQUEST = 'http://jabber.org/protocol/muc#request'
export const NS_MUC_ROOM_CONFIG = 'http://jabber.org/protocol/muc#roomconfig'
export const NS_MUC_ROOM_INFO = 'http://jabber.org/protocol/muc#roominfo'
export const NS_MUC_STABLE_ID = 'http://jabber.org/protocol/muc#stable_id'
/** XEP-0410 */
export const NS_MUC_SELF_PING = 'http://jabber.org/protocol/muc#self-ping-optimization'
/** XEP-0421 */
export const NS_OCCUPANT_ID = 'urn:xmpp:occupant-id:0'
/** XEP-0317 */
export const NS_HATS = 'urn:xmpp:hats:0'
/** XEP-0353 */
export const NS_JINGLE_MESSAGE = 'urn:xmpp:jingle-message:0'
/** XEP-0224 */
export const NS_ATTENTION = 'urn:xmpp:attention:0'

// Encryption
/** XEP-0380 */
export const NS_EME = 'urn:xmpp:eme:0'
/** XEP-0384 */
export const NS_OMEMO = 'urn:xmpp:omemo:2'
export const NS_OMEMO_LEGACY = 'eu.siacs.conversations.axolotl'
/** XEP-0373 */
export const NS_OPENPGP = 'urn:xmpp:openpgp:0'
/** XEP-0027 */
export const NS_OPENPGP_LEGACY = 'jabber:x:encrypted'
/** Ciphertext and the keys for it, in any version: namespaces, and the nodes that are named after them. */
export const ENCRYPTION_FAMILY =
  /^(?:urn:xmpp:(?:omemo|openpgp|mls|otr|encrypted|eme):|eu\.siacs\.conversations\.axolotl|jabber:x:encrypted$)/

// Files and images
/** XEP-0363 */
export const NS_UPLOAD = 'urn:xmpp:http:upload:0'
export const NS_UPLOAD_PURPOSE = 'urn:xmpp:http:upload:purpose:0'
/** XEP-0066 */
export const NS_OOB = 'jabber:x:oob'
export const NS_OOB_IQ = 'jabber:iq:oob'
/** XEP-0231 */
export const NS_BOB = 'urn:xmpp:bob'
/** XEP-0071 */
/** XEP-0394. */
export const NS_MARKUP = 'urn:xmpp:markup:0'
export const NS_XHTML_IM = 'http://jabber.org/protocol/xhtml-im'
export const NS_XHTML = 'http://www.w3.org/1999/xhtml'
/** XEP-0385 */
export const NS_SIMS = 'urn:xmpp:sims:1'
/** XEP-0447 */
export const NS_SFS = 'urn:xmpp:sfs:0'
/** XEP-0103. */
export const NS_URL_DATA = 'http://jabber.org/protocol/url-data'
/** XEP-0446 */
export const NS_FILE_METADATA = 'urn:xmpp:file:metadata:0'
/** XEP-0264 */
export const NS_THUMBS = 'urn:xmpp:thumbs:1'
/** XEP-0047 */
export const NS_IBB = 'http://jabber.org/protocol/ibb'
/** XEP-0065 */
export const NS_BYTESTREAMS = 'http://jabber.org/protocol/bytestreams'
/** XEP-0095, XEP-0096 */
export const NS_SI = 'http://jabber.org/protocol/si'
/** XEP-0166 */
export const NS_JINGLE = 'urn:xmpp:jingle:1'

// Profile, PubSub and PEP
/** XEP-0054 */
export const NS_VCARD = 'vcard-temp'
/** XEP-0153 */
export const NS_VCARD_UPDATE = 'vcard-temp:x:update'
/** XEP-0292 */
export const NS_VCARD4 = 'urn:ietf:params:xml:ns:vcard-4.0'
/** XEP-0084 */
export const NS_AVATAR_DATA = 'urn:xmpp:avatar:data'
export const NS_AVATAR_METADATA = 'urn:xmpp:avatar:metadata'
export const NS_AVATAR_METADATA_NOTIFY = 'urn:xmpp:avatar:metadata+notify'
/** XEP-0398 */
export const NS_AVATAR_CONVERSION = 'urn:xmpp:pep-vcard-conversion:0'
/** XEP-0060 */
export const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
/** XEP-0232. */
export const NS_SOFTWARE_INFO = 'urn:xmpp:dataforms:softwareinfo'
/** XEP-0131. */
export const NS_SHIM = 'http://jabber.org/protocol/shim'
export const NS_PUBSUB_EVENT = 'http://jabber.org/protocol/pubsub#event'
export const NS_PUBSUB_OWNER = 'http://jabber.org/protocol/pubsub#owner'
export const NS_PUBSUB_ERRORS = 'http://jabber.org/protocol/pubsub#errors'
export const NS_PUBSUB_PUBLISH_OPTIONS = 'http://jabber.org/protocol/pubsub#publish-options'
export const NS_PUBSUB_NODE_CONFIG = 'http://jabber.org/protocol/pubsub#node_config'
export const NS_PUBSUB_META_DATA = 'http://jabber.org/protocol/pubsub#meta-data'
export const NS_PUBSUB_SUBSCRIBE_OPTIONS = 'http://jabber.org/protocol/pubsub#subscribe_options'
export const NS_PUBSUB_SUBSCRIBE_AUTHORIZATION = 'http://jabber.org/protocol/pubsub#subscribe_authorization'
/** XEP-0402 */
export const NS_BOOKMARKS = 'urn:xmpp:bookmarks:1'
/** XEP-0048 */
export const NS_BOOKMARKS_LEGACY = 'storage:bookmarks'
/** XEP-0411 */
export const NS_BOOKMARKS_CONVERSION = 'urn:xmpp:bookmarks-conversion:0'
/** XEP-0490 */
export const NS_MDS = 'urn:xmpp:mds:displayed:0'
export const NS_MDS_SERVER_ASSIST = 'urn:xmpp:mds:server-assist:0'
/** XEP-0492 */
export const NS_NOTIFICATION_SETTINGS = 'urn:xmpp:notification-settings:1'
/** XEP-0172 */
export const NS_NICK = 'http://jabber.org/protocol/nick'
/** XEP-0393 */
export const NS_STYLING = 'urn:xmpp:styling:0'

// Ours
export const NS_DRAWBRIDGE_CLIENT = 'urn:drawbridge:client:1'
/** Our own: `<purge/>` tells a client to ask anew for every file that it keeps. */
export const NS_DRAWBRIDGE_MEDIA = 'urn:drawbridge:media:1'
export const NS_DRAWBRIDGE_IMAGE = 'urn:drawbridge:image:1'
export const NS_DRAWBRIDGE_SUSPENSION = 'urn:drawbridge:suspension:1'
export const NS_DRAWBRIDGE_PREVIEW = 'urn:drawbridge:preview:1'
export const NS_DRAWBRIDGE_PUSH = 'urn:drawbridge:push:1'
export const NS_DRAWBRIDGE_UPLOAD = 'urn:drawbridge:upload:1'
export const NS_DRAWBRIDGE_POLICY = 'urn:drawbridge:policy:1'
