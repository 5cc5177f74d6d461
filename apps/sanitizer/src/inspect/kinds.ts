import type { FileClass } from '@drawbridge/contract'
import { PROGRAM_EXTENSIONS } from '@drawbridge/contract/file-extensions'
import { startsWith } from '../sniff.ts'

/** How the inside of a kind of file is read. */
export type Reader = 'zip' | 'tar' | 'gzip' | 'zstd' | 'rar' | 'seven-zip' | 'compound'

/** A kind of file that its content gives away. */
export interface Kind {
  readonly name: string
  readonly classes: readonly FileClass[]
  /** Extensions that it may have. None: any but those of other kinds. */
  readonly extensions?: readonly string[]
  readonly reader?: Reader
}

interface Magic extends Kind {
  readonly offset?: number
  /** Latin-1 text; `.` stands for any byte. */
  readonly magic: string
}

const words = (text: string) => text.split(' ')

const PROGRAM = ['executable'] as const
const PACKED = ['archive', 'unreadable-archive'] as const
const ENCRYPTED = ['opaque'] as const

const ZIP = words('zip')
const MP4 = words('mp4 m4v mov qt 3gp 3g2 m4a m4b f4v heics')

/** First match wins. */
const MAGIC: readonly Magic[] = [
  // Programs of all systems, and what installs them.
  { name: 'pe', magic: 'MZ', classes: PROGRAM, extensions: PROGRAM_EXTENSIONS },
  { name: 'elf', magic: '\x7fELF', classes: PROGRAM },
  { name: 'mach-o', magic: '\xfe\xed\xfa\xce', classes: PROGRAM },
  { name: 'mach-o', magic: '\xfe\xed\xfa\xcf', classes: PROGRAM },
  { name: 'mach-o', magic: '\xce\xfa\xed\xfe', classes: PROGRAM },
  { name: 'mach-o', magic: '\xcf\xfa\xed\xfe', classes: PROGRAM },
  // The magic of Java classes, too.
  { name: 'mach-o', magic: '\xca\xfe\xba\xbe', classes: PROGRAM },
  { name: 'dex', magic: 'dex\n', classes: PROGRAM },
  { name: 'wasm', magic: '\0asm', classes: PROGRAM, extensions: words('wasm') },
  { name: 'deb', magic: '!<arch>\ndebian', classes: PROGRAM, extensions: words('deb udeb') },
  { name: 'rpm', magic: '\xed\xab\xee\xdb', classes: PROGRAM, extensions: words('rpm') },
  { name: 'crx', magic: 'Cr24', classes: PROGRAM, extensions: words('crx') },
  { name: 'shortcut', magic: 'L\0\0\0\x01\x14\x02\0', classes: ['script'], extensions: words('lnk') },
  { name: 'help', magic: 'ITSF', classes: ['script'], extensions: words('chm') },
  { name: 'flash', magic: 'FWS', classes: ['active-content'], extensions: words('swf') },
  { name: 'flash', magic: 'CWS', classes: ['active-content'], extensions: words('swf') },

  // Archives, those first that can be looked into.
  { name: 'zip', magic: 'PK\x03\x04', classes: [], extensions: ZIP, reader: 'zip' },
  { name: 'zip', magic: 'PK\x05\x06', classes: [], extensions: ZIP, reader: 'zip' },
  { name: 'zip', magic: 'PK00PK\x03\x04', classes: [], extensions: ZIP, reader: 'zip' },
  { name: 'gzip', magic: '\x1f\x8b', classes: ['archive'], extensions: words('gz tgz'), reader: 'gzip' },
  { name: 'zstd', magic: '\x28\xb5\x2f\xfd', classes: ['archive'], extensions: words('zst tzst'), reader: 'zstd' },
  { name: 'rar', magic: 'Rar!\x1a\x07', classes: PACKED, extensions: words('rar'), reader: 'rar' },
  { name: '7z', magic: '7z\xbc\xaf\x27\x1c', classes: PACKED, extensions: words('7z'), reader: 'seven-zip' },
  { name: 'bzip2', magic: 'BZh', classes: PACKED, extensions: words('bz2 tbz tbz2') },
  { name: 'xz', magic: '\xfd7zXZ\0', classes: PACKED, extensions: words('xz txz') },
  { name: 'lz4', magic: '\x04\x22\x4d\x18', classes: PACKED, extensions: words('lz4') },
  { name: 'compress', magic: '\x1f\x9d', classes: PACKED, extensions: words('z taz') },
  { name: 'cab', magic: 'MSCF', classes: PACKED, extensions: words('cab') },
  { name: 'arj', magic: '\x60\xea', classes: PACKED, extensions: words('arj') },
  { name: 'ace', magic: '**ACE**', offset: 7, classes: PACKED, extensions: words('ace') },
  { name: 'lha', magic: '-lh', offset: 2, classes: PACKED, extensions: words('lha lzh') },
  { name: 'ar', magic: '!<arch>\n', classes: PACKED, extensions: words('a ar lib') },
  { name: 'wim', magic: 'MSWIM\0\0\0', classes: PACKED, extensions: words('wim esd') },
  { name: 'disk', magic: 'vhdxfile', classes: PACKED, extensions: words('vhdx') },
  { name: 'disk', magic: 'conectix', classes: PACKED, extensions: words('vhd') },
  { name: 'disk', magic: 'QFI\xfb', classes: PACKED, extensions: words('qcow2') },
  { name: 'iso', magic: 'CD001', offset: 0x8001, classes: PACKED, extensions: words('iso img udf') },

  // Documents.
  {
    name: 'compound',
    magic: '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1',
    classes: ['document'],
    extensions: words('doc dot xls xlt ppt pps pot msg vsd pub mpp one db'),
    reader: 'compound',
  },
  {
    name: 'onenote',
    magic: '\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3',
    classes: ['document', 'unreadable-archive'],
    extensions: words('one'),
  },

  // Encrypted by name.
  { name: 'encrypted', magic: 'Salted__', classes: ENCRYPTED },
  { name: 'encrypted', magic: 'age-encryption.org/v1\n', classes: ENCRYPTED, extensions: words('age') },
  { name: 'encrypted', magic: '-----BEGIN AGE ENCRYPTED FILE', classes: ENCRYPTED, extensions: words('age asc') },
  { name: 'encrypted', magic: '-----BEGIN PGP MESSAGE', classes: ENCRYPTED, extensions: words('asc pgp gpg txt') },
  { name: 'encrypted', magic: 'LUKS\xba\xbe', classes: ENCRYPTED },
  { name: 'encrypted', magic: '\x03\xd9\xa2\x9a', classes: ENCRYPTED, extensions: words('kdb kdbx') },

  // Sound and film.
  { name: 'mp3', magic: 'ID3', classes: ['audio'], extensions: words('mp3 mp2 aac') },
  { name: 'ogg', magic: 'OggS', classes: ['audio'], extensions: words('ogg oga opus spx ogv') },
  { name: 'flac', magic: 'fLaC', classes: ['audio'], extensions: words('flac') },
  { name: 'wav', magic: 'RIFF....WAVE', classes: ['audio'], extensions: words('wav') },
  { name: 'aiff', magic: 'FORM....AIF', classes: ['audio'], extensions: words('aif aiff aifc') },
  { name: 'amr', magic: '#!AMR', classes: ['audio'], extensions: words('amr awb') },
  { name: 'midi', magic: 'MThd', classes: ['audio'], extensions: words('mid midi') },
  { name: 'avi', magic: 'RIFF....AVI ', classes: ['video'], extensions: words('avi') },
  { name: 'matroska', magic: '\x1a\x45\xdf\xa3', classes: ['video'], extensions: words('mkv mka webm weba') },
  { name: 'flv', magic: 'FLV\x01', classes: ['video'], extensions: words('flv') },
  { name: 'asf', magic: '\x30\x26\xb2\x75\x8e\x66\xcf\x11', classes: ['video'], extensions: words('asf wmv wma') },
  { name: 'mpeg', magic: '\0\0\x01\xba', classes: ['video'], extensions: words('mpg mpeg vob') },
  { name: 'mpeg', magic: '\0\0\x01\xb3', classes: ['video'], extensions: words('mpg mpeg m2v') },
  { name: 'm4a', magic: 'ftypM4A', offset: 4, classes: ['audio'], extensions: MP4 },
  { name: 'mp4', magic: 'ftyp', offset: 4, classes: ['video'], extensions: MP4 },

  // The rest that has a name.
  { name: 'sqlite', magic: 'SQLite format 3\0', classes: ['other'], extensions: words('sqlite sqlite3 db db3 gpkg') },
  { name: 'font', magic: 'OTTO', classes: ['other'], extensions: words('otf') },
  { name: 'font', magic: '\0\x01\0\0\0', classes: ['other'], extensions: words('ttf') },
  { name: 'font', magic: 'wOFF', classes: ['other'], extensions: words('woff') },
  { name: 'font', magic: 'wOF2', classes: ['other'], extensions: words('woff2') },
  { name: 'capture', magic: '\xd4\xc3\xb2\xa1', classes: ['other'], extensions: words('pcap cap') },
  { name: 'capture', magic: '\x0a\x0d\x0d\x0a', classes: ['other'], extensions: words('pcapng') },
  { name: 'parquet', magic: 'PAR1', classes: ['other'], extensions: words('parquet') },
  { name: 'hdf5', magic: '\x89HDF\r\n\x1a\n', classes: ['other'], extensions: words('h5 hdf5 nc') },
  { name: 'dwg', magic: 'AC10', classes: ['document'], extensions: words('dwg') },
]

/** Documents and programs that are ZIP files: told apart by what is in them. */
export const ZIP_KINDS = {
  docx: { name: 'docx', classes: ['document'], extensions: words('docx dotx') },
  xlsx: { name: 'xlsx', classes: ['document'], extensions: words('xlsx xltx') },
  pptx: { name: 'pptx', classes: ['document'], extensions: words('pptx potx ppsx') },
  vsdx: { name: 'vsdx', classes: ['document'], extensions: words('vsdx vstx vssx') },
  docm: { name: 'docm', classes: ['document', 'macros'], extensions: words('docm dotm') },
  xlsm: { name: 'xlsm', classes: ['document', 'macros'], extensions: words('xlsm xltm xlam xlsb') },
  pptm: { name: 'pptm', classes: ['document', 'macros'], extensions: words('pptm potm ppsm ppam sldm') },
  odf: { name: 'odf', classes: ['document'], extensions: words('odt ods odp odg odf odb odc ott ots otp otg fodt') },
  epub: { name: 'epub', classes: ['document'], extensions: words('epub') },
  jar: { name: 'jar', classes: PROGRAM, extensions: words('jar war ear') },
  apk: { name: 'apk', classes: PROGRAM, extensions: words('apk xapk aab') },
  ipa: { name: 'ipa', classes: PROGRAM, extensions: words('ipa') },
  appx: { name: 'appx', classes: PROGRAM, extensions: words('appx msix appxbundle msixbundle') },
  zip: { name: 'zip', classes: ['archive'], extensions: words('zip kmz cbz vsix xpi whl nupkg sketch 3mf') },
} as const satisfies Record<string, Kind>

/** Known by the sum in its header: the oldest kind has no magic. */
export const TAR: Kind = { name: 'tar', classes: ['archive'], extensions: words('tar'), reader: 'tar' }
export const PDF: Kind = { name: 'pdf', classes: ['document'], extensions: words('pdf ai') }
export const RTF: Kind = { name: 'rtf', classes: ['document'], extensions: words('rtf doc') }
export const MSI: Kind = { name: 'msi', classes: PROGRAM, extensions: words('msi msp mst') }
export const HTML: Kind = {
  name: 'html',
  classes: ['text', 'active-content'],
  extensions: words('html htm xhtml xht shtml mht mhtml'),
}
export const SCRIPT: Kind = { name: 'script', classes: ['text', 'script'] }
export const TEXT: Kind = { name: 'text', classes: ['text'] }
export const UNKNOWN: Kind = { name: 'unknown', classes: ['other'] }
export const OPAQUE: Kind = { name: 'opaque', classes: ['opaque'] }

const KINDS: readonly Kind[] = [...MAGIC, ...Object.values(ZIP_KINDS), TAR, PDF, RTF, MSI, HTML]
const BINARY_EXTENSIONS = new Set(KINDS.flatMap(({ extensions = [] }) => extensions))
/** Extensions of texts that are those of other kinds as well: MPEG transport streams, AutoCAD, libraries. */
const TEXT_TOO = new Set(words('ts a lib db one com xls doc inf asc txt pub ai'))
const TEXTS = new Set(
  words(
    'txt text csv tsv log md markdown rst json jsonl ndjson yaml yml toml ini conf cfg properties xml xsd xsl xslt ics ' +
      'vcf eml tex bib sql c h cc cpp hpp java kt go rs swift ts tsx jsx css scss less vue diff patch srt vtt gpx kml ' +
      'geojson po pot',
  ),
)

/** The kind whose magic is at its place, if any. */
export function matchMagic(bytes: Buffer): (Kind & { readonly magic: string }) | undefined {
  return MAGIC.find(({ magic, offset = 0 }) => startsWith(bytes, magic, offset))
}

/** Whether a name with this extension may hold this kind. A file without one claims nothing. */
export function mayBeNamed(kind: Kind, extension: string): boolean {
  if (extension === '') return true
  if (kind.extensions?.includes(extension)) return true
  if (kind === TEXT || kind === SCRIPT) return !BINARY_EXTENSIONS.has(extension) || TEXT_TOO.has(extension)
  if (TEXTS.has(extension)) return kind === HTML && /^(?:txt|text|xml|eml|vue|md|markdown|tex)$/.test(extension)
  return !BINARY_EXTENSIONS.has(extension)
}
