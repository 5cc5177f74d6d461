export { buildCompound } from './compound.ts'
export { buildTar, type TarEntry } from './tar.ts'
export { buildOffice, buildZip, type ZipEntry } from './zip.ts'

/** The smallest thing that is a program of Windows. */
export function windowsProgram(): Buffer {
  const bytes = Buffer.alloc(512)
  bytes.write('MZ\x90\0', 0, 'latin1')
  bytes.writeUInt32LE(64, 60)
  bytes.write('PE\0\0', 64, 'latin1')
  return bytes
}

/** What every antivirus engine reports and nobody is harmed by (EICAR). In parts, so that none reports this file. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('')
