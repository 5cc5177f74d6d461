import type { Upload } from '../state/chat-state.ts'
import type { Texts } from '../texts/index.ts'
import { formatBytes, formatMoment } from './format.ts'
import { Icon } from './icons.tsx'
import { useChat, useChatState, useTexts } from './use-store.ts'

/** Files on their way. They become messages when the server has checked them; until then nothing of them is shown. */
export function UploadTray({ peer }: { readonly peer: string }) {
  const uploads = useChatState((state) => state.uploads.filter((upload) => upload.peer === peer))
  if (uploads.length === 0) return null
  return (
    <ul className="uploads" data-testid="uploads">
      {uploads.map((upload) => (
        <UploadLine key={upload.id} upload={upload} />
      ))}
    </ul>
  )
}

function UploadLine({ upload }: { readonly upload: Upload }) {
  const chat = useChat()
  const { t, language } = useTexts()
  const { id, name, bytes, step, isImage } = upload
  const percent = step.kind === 'uploading' ? Math.round(step.ratio * 100) : 100
  const text = stepText(step, percent, t, language)
  return (
    <li
      className="upload"
      data-testid="upload"
      data-step={step.kind}
      data-reason={step.kind === 'failed' ? step.problem.reason : undefined}
    >
      <Icon name={step.kind === 'failed' ? 'warning' : isImage ? 'image' : 'file'} />
      <div className="upload-text">
        <span className="upload-name">
          <bdi>{name}</bdi> <small>{formatBytes(bytes, language)}</small>
        </span>
        <span role={step.kind === 'failed' ? 'alert' : 'status'}>{text}</span>
        {step.kind !== 'failed' && (
          <progress aria-label={text} max={100} {...(step.kind === 'uploading' ? { value: percent } : {})} />
        )}
      </div>
      {step.kind === 'failed' && !step.problem.isFinal && (
        <button type="button" className="button small" onClick={() => chat.uploads.retry(id)}>
          {t.retry}
        </button>
      )}
      <button
        type="button"
        className="icon-button"
        aria-label={t.removeUpload(name)}
        onClick={() => chat.uploads.dismiss(id)}
      >
        <Icon name="close" size={16} />
      </button>
    </li>
  )
}

/** Our words for what we know; the server's for what only it knows. */
function stepText(step: Upload['step'], percent: number, t: Texts, language: string): string {
  if (step.kind === 'uploading') return t.uploading(percent)
  if (step.kind === 'checking') return step.ahead ? t.inQueue(step.ahead) : t.checking
  const { reason, text, retryAt } = step.problem
  const problem = (reason === 'not-allowed' && text) || t.uploadProblem(reason)
  return retryAt === undefined ? problem : `${problem} ${t.uploadRetryAt(formatMoment(retryAt, Date.now(), language))}`
}
