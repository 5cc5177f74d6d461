// The sanitizer's children read this file and nothing else of the package: it imports types only.
import type { FileClass } from '@drawbridge/policy'

const words = (text: string) => text.split(' ')

/** What programs of Windows are called, by its loader. */
export const PROGRAM_EXTENSIONS: readonly string[] = words('exe dll sys scr cpl ocx com drv efi mui pif xll')

/** Runs on a click on some desktop, whatever is in the file (and so does what a program's name ends in). */
const RUNS: Readonly<Record<string, readonly FileClass[]>> = Object.fromEntries([
  ...[
    ...PROGRAM_EXTENSIONS,
    ...words('msi msp mst jar apk ipa appx msix deb rpm dmg pkg app run gadget appref-ms'),
  ].map((extension) => [extension, ['executable']] as const),
  ...words(
    'bat cmd ps1 ps1xml psm1 psd1 psc1 vbs vbe vb js jse mjs cjs ws wsf wsh wsc sct hta reg lnk url scf inf msc jnlp ' +
      'application settingcontent-ms library-ms search-ms searchconnector-ms website desktop sh bash zsh csh ksh fish ' +
      'command py pyw pyz rb pl php asp aspx jsp cgi iqy oqy slk applescript scpt workflow action ahk au3 chm',
  ).map((extension) => [extension, ['script']] as const),
  ...words('docm dotm xlsm xltm xlam xlsb pptm potm ppsm ppam sldm').map(
    (extension) => [extension, ['macros']] as const,
  ),
])

/**
 * What a file is by its extension alone, because a desktop goes by nothing else. The sanitizer looks at the content as well.
 *
 * @param extension - in lower case, without the dot.
 */
export function classesOfExtension(extension: string): readonly FileClass[] {
  return Object.hasOwn(RUNS, extension) ? RUNS[extension]! : []
}
