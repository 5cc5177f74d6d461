import { claimBlob } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobConfig } from './blobs.config.ts'
import { encryptedStore } from './encrypted-store.ts'
import type { EncryptedStore } from './encrypted-store.ts'
import { asFull, createFileStore } from './file-store.ts'
import { keyRing } from './frames.ts'
import type { KeyRing } from './frames.ts'
import { readAll } from './object-store.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { createS3Store } from './s3-store.ts'

/** An object of an area, by its name there. */
export interface AreaEntry {
  readonly name: string
  readonly storedAt: Date
}

/** Files of one kind. Names are ids or hashes of ours, never of a sender. */
export interface Area {
  put(name: string, bytes: Uint8Array): Promise<void>
  find(name: string): Promise<StoredObject | undefined>
  /** The whole object. */
  read(name: string): Promise<Buffer | undefined>
  remove(name: string): Promise<void>
  list(): AsyncIterable<AreaEntry>
}

/** Every file this server keeps. No HTTP route reaches anything but `clean`. */
export interface Blobs {
  /** Files that are still coming, on this machine, by the id of their upload. */
  readonly spool: {
    /** Opens a new file, readable by this server only. Rejects with EEXIST when the id is taken. */
    create(id: string): Promise<FileHandle>
    /** The file has come and is flushed: moves it to quarantine. */
    quarantine(id: string): Promise<void>
    remove(id: string): Promise<void>
    list(): Promise<string[]>
  }
  /** Files as their senders made them, by the id of their upload, until there is a verdict. */
  readonly quarantine: Area
  /** Files that may be served, by the SHA-256 of their content, in hex. */
  readonly clean: Area
  /** Files as their senders made them, sealed; absent without a key for them. */
  readonly evidence: (Area & Pick<EncryptedStore, 'renew'>) | undefined
  /** Brings one object under the newest key; absent while files are not encrypted. */
  readonly renew: ((area: 'quarantine' | 'clean', name: string) => ReturnType<EncryptedStore['renew']>) | undefined
  /** Other nodes may be at work in the same place: what looks left over may be theirs. */
  readonly isShared: boolean
}

/** Opens the place where files are, and reads the keys. @throws Error when a key file cannot be read, or holds none. */
export async function openBlobs(config: BlobConfig, root: string): Promise<Blobs> {
  const aside = join(root, 'aside')
  const spooled = join(root, 'spool')
  // What was being written when a process died was never whole; one process owns the data directory.
  await rm(aside, { recursive: true, force: true })
  for (const folder of [aside, spooled]) await mkdir(folder, { recursive: true, mode: 0o700 })
  const place = await openPlace(config, root, aside)
  const ring = config.keyFile === undefined ? undefined : await readKeys(config.keyFile)
  const encrypted = ring && encryptedStore(place, ring, aside)
  const store = encrypted ?? place
  const evidenceRing = config.evidenceKeyFile === undefined ? undefined : await readKeys(config.evidenceKeyFile)
  const evidence = evidenceRing && encryptedStore(place, evidenceRing, aside)
  return {
    spool: {
      create: (id) => open(join(spooled, id), 'wx', 0o600).catch((error: unknown) => Promise.reject(asFull(error))),
      quarantine: (id) => store.take(`quarantine/${id}`, join(spooled, id)),
      remove: (id) => rm(join(spooled, id), { force: true }),
      list: () => readdir(spooled),
    },
    quarantine: areaOf(store, 'quarantine'),
    clean: areaOf(store, 'clean'),
    evidence: evidence && {
      ...areaOf(evidence, 'evidence'),
      renew: (name) => evidence.renew(`evidence/${name}`),
    },
    renew: encrypted && ((area, name) => encrypted.renew(`${area}/${name}`)),
    isShared: config.s3Endpoint !== undefined,
  }
}

/**
 * Stores a clean file under its SHA-256, which it returns, once it is durable. Storing one that is there already changes
 * nothing but that no sweep takes it away for the next hour: by then something refers to it.
 */
export async function storeClean(db: Db, { clean }: Pick<Blobs, 'clean'>, bytes: Uint8Array): Promise<Buffer> {
  const sha256 = createHash('sha256').update(bytes).digest()
  await claimBlob(db, sha256)
  const name = sha256.toString('hex')
  if ((await clean.find(name)) === undefined) await clean.put(name, bytes)
  return sha256
}

function areaOf(store: ObjectStore, area: string): Area {
  return {
    put: (name, bytes) => store.put(`${area}/${name}`, bytes),
    find: (name) => store.find(`${area}/${name}`),
    async read(name) {
      const found = await store.find(`${area}/${name}`)
      return found && readAll(found.read())
    },
    remove: (name) => store.remove(`${area}/${name}`),
    async *list() {
      for await (const { key, storedAt } of store.list(`${area}/`)) yield { name: key.slice(area.length + 1), storedAt }
    },
  }
}

async function openPlace(config: BlobConfig, root: string, aside: string): Promise<ObjectStore> {
  const { s3Endpoint: endpoint, s3Region: region, s3Bucket: bucket, s3KeyFile } = config
  if (endpoint === undefined) return createFileStore({ root, aside })
  if (bucket === undefined || s3KeyFile === undefined) throw new Error('an S3 service needs a bucket and a key file')
  const [accessKeyId = '', secretAccessKey = ''] = (await readFile(s3KeyFile, 'utf8')).split(/\r?\n/)
  if (accessKeyId === '' || secretAccessKey === '') {
    throw new Error(`${s3KeyFile} does not hold a key id and a secret key, each in a line`)
  }
  return createS3Store({ endpoint, region, bucket, accessKeyId, secretAccessKey })
}

async function readKeys(path: string): Promise<KeyRing> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  try {
    return keyRing(lines.map((line) => Buffer.from(line.trim(), 'base64')))
  } catch (error) {
    throw new Error(`${path} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}
