/**
 * Shares files (XEP-0363): slot, PUT with progress, and a message only when the server has answered 201, which for an
 * image it does after re-encoding it. Nothing of the picked file is shown before that.
 */
import { RequestError, xml } from '../connection/connection.ts'
import { mediaFromAnswer, type Media } from '../protocol/media.ts'
import { buildSlotRequest, parseSlot, statusUrlOf, type UploadSlot } from '../protocol/upload.ts'
import { stopsSending, suspensionFor } from '../protocol/suspension.ts'
import type { Upload, UploadProblem } from '../state/chat-state.ts'
import type { ChatContext } from './context.ts'
import { imageTypeOf, isImageName, problemFromResponse, problemFromStanzaError } from './upload-verdict.ts'

/** How often to ask how many files are ahead, in milliseconds. */
const QUEUE_POLL_MS = 2_000
/** Waits before asking again when the checker is not available. */
const RETRY_MS = [3_000, 10_000, 30_000]

export interface Uploads {
  attach(peer: string, files: readonly File[]): void
  retry(id: string): void
  dismiss(id: string): void
}

export function createUploads(context: ChatContext, share: (peer: string, media: Media) => void): Uploads {
  const { store, connection } = context
  const files = new Map<string, File>()
  const running = new Map<string, XMLHttpRequest>()

  function setStep(id: string, step: Upload['step']): void {
    store.update((state) => ({
      ...state,
      uploads: state.uploads.map((upload) => (upload.id === id ? { ...upload, step } : upload)),
    }))
  }

  function remove(id: string): void {
    files.delete(id)
    running.delete(id)
    store.update((state) => ({ ...state, uploads: state.uploads.filter((upload) => upload.id !== id) }))
  }

  function fail(id: string, problem: UploadProblem): void {
    running.delete(id)
    setStep(id, { kind: 'failed', problem })
  }

  async function requestSlot(file: File): Promise<UploadSlot | UploadProblem> {
    const service = store.get().uploadService
    if (!service) return { reason: 'not-allowed', text: '', isFinal: true }
    if (service.maxBytes !== undefined && file.size > service.maxBytes) {
      return { reason: 'too-large', text: '', isFinal: true }
    }
    try {
      const type = file.type || 'application/octet-stream'
      const answer = await connection.request('get', buildSlotRequest(xml, file.name, file.size, type), service.jid)
      return parseSlot(answer) ?? { reason: 'unavailable', text: '', isFinal: false }
    } catch (error) {
      if (!(error instanceof RequestError)) return { reason: 'network', text: '', isFinal: false }
      return problemFromStanzaError(error.error)
    }
  }

  async function run(id: string, attempt: number): Promise<void> {
    const upload = store.get().uploads.find((candidate) => candidate.id === id)
    const file = files.get(id)
    if (!upload || !file) return
    const suspension = suspensionFor(store.get().suspensions, upload.isImage ? 'image' : 'file')
    if (stopsSending(suspension)) return fail(id, { reason: 'suspended', text: '', isFinal: false })
    setStep(id, { kind: 'uploading', ratio: 0 })
    const slot = await requestSlot(file)
    if ('reason' in slot) return fail(id, slot)
    const outcome = await put(id, slot, file)
    if (outcome === 'canceled') return
    if ('reason' in outcome) {
      const wait = RETRY_MS[attempt]
      if (outcome.reason !== 'unavailable' || wait === undefined) return fail(id, outcome)
      setStep(id, { kind: 'checking' })
      setTimeout(() => void run(id, attempt + 1), wait)
      return
    }
    const { peer } = upload
    remove(id)
    share(peer, outcome)
  }

  /** While the answer to a PUT is awaited: how many files are checked first. Nothing depends on it. */
  async function watchQueue(id: string, slot: UploadSlot, request: XMLHttpRequest): Promise<void> {
    const url = statusUrlOf(slot.putUrl)
    while (url !== undefined && running.get(id) === request && request.readyState < XMLHttpRequest.HEADERS_RECEIVED) {
      const response = await fetch(url, {
        headers: [...slot.headers.map(([name, value]): [string, string] => [name, value])],
      })
        .then(
          (answer) =>
            (answer.ok ? answer.json() : undefined) as Promise<{ state?: string; ahead?: number } | undefined>,
        )
        .catch(() => undefined)
      if (running.get(id) !== request || request.readyState >= XMLHttpRequest.HEADERS_RECEIVED) return
      // `waiting`: all of it has left this device, and not all of it has been stored.
      if (response?.state !== 'queued' && response?.state !== 'waiting') return
      if (typeof response.ahead === 'number') setStep(id, { kind: 'checking', ahead: response.ahead })
      await new Promise((resolve) => setTimeout(resolve, QUEUE_POLL_MS))
    }
  }

  /** XMLHttpRequest, since fetch still has no upload progress. */
  function put(id: string, slot: UploadSlot, file: File): Promise<Media | UploadProblem | 'canceled'> {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest()
      running.set(id, request)
      request.open('PUT', slot.putUrl)
      request.setRequestHeader('Content-Type', file.type || 'application/octet-stream')
      // Refusals come in words for the person, in the language of this page.
      request.setRequestHeader('Accept-Language', document.documentElement.lang)
      for (const [name, value] of slot.headers) request.setRequestHeader(name, value)
      request.upload.onprogress = ({ loaded, total }) =>
        setStep(id, { kind: 'uploading', ratio: total > 0 ? loaded / total : 0 })
      request.upload.onload = () => {
        setStep(id, { kind: 'checking' })
        void watchQueue(id, slot, request)
      }
      request.onabort = () => resolve('canceled')
      request.onerror = () => resolve({ reason: 'network', text: '', isFinal: false })
      request.onload = () => {
        const { status, responseText } = request
        resolve(
          status === 201 || status === 200
            ? mediaFromAnswer(responseText, {
                url: slot.getUrl,
                name: file.name,
                type: file.type || undefined,
                bytes: file.size,
              })
            : problemFromResponse(status, responseText),
        )
      }
      request.send(file)
    })
  }

  return {
    attach(peer, picked) {
      const uploads = picked.map((file): Upload => {
        const id = crypto.randomUUID()
        files.set(id, file)
        const isImage = imageTypeOf(file.type) !== undefined || isImageName(file.name)
        return { id, peer, name: file.name, bytes: file.size, isImage, step: { kind: 'uploading', ratio: 0 } }
      })
      store.update((state) => ({ ...state, uploads: [...state.uploads, ...uploads] }))
      for (const { id } of uploads) void run(id, 0)
    },
    retry: (id) => void run(id, 0),
    dismiss(id) {
      running.get(id)?.abort()
      remove(id)
    },
  }
}
