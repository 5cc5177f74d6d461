import { duration } from '@drawbridge/runtime'
import * as z from 'zod'

const file = z.string().min(1).optional()

/** Where files are kept, and under which keys. */
export const blobConfig = z
  .object({
    keyFile: file.meta({
      env: 'DRAWBRIDGE_BLOB_KEY_FILE',
      doc: 'File with keys of 32 bytes in base64, one a line, under which files are encrypted where they are kept: the first seals, all of them open. Absent: files are kept as they are. Keep it elsewhere than the files; without it they are lost. After a change, `drawbridge files renew` brings what is there under the first key.',
    }),
    s3Endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({
        env: 'DRAWBRIDGE_BLOB_S3_ENDPOINT',
        doc: 'Base URL of an S3 service that keeps the files, instead of the data directory. The bucket has to be private, and only this server may write to it.',
      }),
    s3Region: z.string().min(1).default('us-east-1').meta({
      env: 'DRAWBRIDGE_BLOB_S3_REGION',
      doc: 'Region of the bucket; services of your own mostly take any.',
    }),
    s3Bucket: z
      .string()
      .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
      .optional()
      .meta({ env: 'DRAWBRIDGE_BLOB_S3_BUCKET', doc: 'Name of the bucket, used in paths: `endpoint/bucket/key`.' }),
    s3KeyFile: file.meta({
      env: 'DRAWBRIDGE_BLOB_S3_KEY_FILE',
      doc: 'File with the access key id in its first line and the secret key in its second.',
    }),
    evidenceKeyFile: file.meta({
      env: 'DRAWBRIDGE_EVIDENCE_KEY_FILE',
      doc: 'File with keys of 32 bytes in base64, one a line, under which the files of senders are sealed where the media policy says so (`originals: seal`). Without it, uploads that would have to be sealed are refused.',
    }),
    evidenceRetentionMs: duration
      .refine((ms) => ms >= 3_600_000 && ms <= 3_660 * 86_400_000, 'expected one hour to ten years')
      .default(30 * 86_400_000)
      .meta({
        env: 'DRAWBRIDGE_EVIDENCE_RETENTION',
        doc: 'How long sealed files are kept. Longer keeps more of what nobody should have to keep.',
      }),
  })
  .refine(({ s3Endpoint, s3Bucket, s3KeyFile }) => !s3Endpoint || (s3Bucket !== undefined && s3KeyFile !== undefined), {
    error: 'DRAWBRIDGE_BLOB_S3_ENDPOINT needs DRAWBRIDGE_BLOB_S3_BUCKET and DRAWBRIDGE_BLOB_S3_KEY_FILE',
  })

export type BlobConfig = z.output<typeof blobConfig>
