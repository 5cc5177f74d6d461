import { expect, test } from 'vitest'
import { visible } from './visible.ts'

test('what would command a terminal, or turn its text around, is shown as a number', () => {
  expect(visible('\u001b]0;x\u0007\u001b[2J ok\r')).toBe('\\u{1b}]0;x\\u{7}\\u{1b}[2J ok\\u{d}')
  expect(visible('\u009b31m \u202egnp.exe')).toBe('\\u{9b}31m \\u{202e}gnp.exe')
  expect(visible('two\nlines\tof żółć 🦑')).toBe('two\nlines\tof żółć 🦑')
})
