export { sanitizerConfig, type SanitizerConfig } from './sanitizer.config.ts'
export { startSanitizer, type Sanitizer, type SanitizerOptions } from './server.ts'
