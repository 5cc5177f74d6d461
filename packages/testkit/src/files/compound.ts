const SECTOR = 512

/** A compound file (MS-CFB) whose directory has these names; the streams are empty. */
export function buildCompound(names: readonly string[], { clsid = '00'.repeat(16) } = {}): Buffer {
  const all = ['Root Entry', ...names]
  const sectors = Math.ceil(all.length / 4)
  const head = Buffer.alloc(SECTOR)
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(head)
  head.writeUInt16LE(9, 30)
  head.writeUInt32LE(1, 44)
  head.writeUInt32LE(1, 48)
  head.writeUInt32LE(0xffff_fffe, 68)
  head.fill(0xff, 76)
  head.writeUInt32LE(0, 76)
  const table = Buffer.alloc(SECTOR, 0xff)
  table.writeUInt32LE(0xffff_fffd, 0)
  for (let n = 1; n <= sectors; n++) table.writeUInt32LE(n === sectors ? 0xffff_fffe : n + 1, 4 * n)
  const directory = Buffer.alloc(sectors * SECTOR)
  all.forEach((name, n) => {
    directory.write(name, 128 * n, 'utf16le')
    directory.writeUInt16LE(2 * name.length + 2, 128 * n + 64)
    directory[128 * n + 66] = n === 0 ? 5 : 2
  })
  Buffer.from(clsid, 'hex').copy(directory, 80)
  return Buffer.concat([head, table, directory])
}
