/** Icons as strokes on a 24 px grid. They are decoration: what they mean is always said in words beside them. */
const PATHS = {
  plus: 'M12 5v14M5 12h14',
  search: 'M11 19a8 8 0 1 1 0-16 8 8 0 0 1 0 16Zm10 2-4.3-4.3',
  send: 'M4 12 20.5 4.5 14 20.5l-3-6.5-7-2Zm7 2 4-4',
  attach:
    'm20.5 11.5-8.6 8.6a5.5 5.5 0 0 1-7.8-7.8l8.6-8.6a3.7 3.7 0 0 1 5.2 5.2l-8.6 8.6a1.8 1.8 0 0 1-2.6-2.6l7.9-7.9',
  back: 'M15 18l-6-6 6-6',
  close: 'M6 6l12 12M18 6L6 18',
  clock: 'M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18Zm0-13.5V12l3 2',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  checks: 'm2.5 12.5 4.5 4.5L16.500 7.500M11.500 16.500l1 .5L22 7.5',
  stored: 'M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18Zm-4-9 3 3 5.500-6',
  pause: 'M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18ZM9.800 8.800v6.400M14.200 8.800v6.400',
  warning:
    'M12 9v4.500M12 17h.01M10.300 3.900 2 18.300A2 2 0 0 0 3.700 21.300h16.600a2 2 0 0 0 1.700-3L13.700 3.900a2 2 0 0 0-3.400 0Z',
  offline:
    'M3 3l18 18M8.500 16.500a5 5 0 0 1 7 0M5 12.900a10 10 0 0 1 4-2.300M19 12.900a10 10 0 0 0-5-2.700M2 8.800a15 15 0 0 1 4.200-2.600M22 8.800A15 15 0 0 0 10.500 5M12 20h.01',
  file: 'M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8l-5-5Zm0 0v5h5',
  image:
    'M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Zm3.500 6.500a1.500 1.500 0 1 0 0-3 1.500 1.500 0 0 0 0 3ZM21 15l-5-5L6 20',
  imageOff: 'M3 3l18 18M8 4h11a2 2 0 0 1 2 2v11M3 7.500V18a2 2 0 0 0 2 2h12.500M14 13.500l2-1.500 5 4M6 20l6-6',
  shield:
    'M12 3 4.500 6v5.500c0 4.500 3 8 7.500 9.500 4.500-1.500 7.500-5 7.500-9.500V6L12 3Zm-3 9 2.200 2.200L15.500 10',
  link: 'M10 14a4 4 0 0 0 5.700 0l3.100-3.100a4 4 0 0 0-5.700-5.700L12 6.300M14 10a4 4 0 0 0-5.700 0l-3.100 3.100a4 4 0 0 0 5.700 5.700l1.100-1.100',
  device: 'M5 5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM2 19.500h20',
  lock: 'M6 11h12a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1Zm2.500 0V8a3.500 3.500 0 0 1 7 0v3',
  download: 'M12 4v11m-4.500-4.500L12 15l4.500-4.500M5 20h14',
  refresh: 'M20 11a8 8 0 0 0-14-4.500L4 8.500M4 4v4.500h4.500M4 13a8 8 0 0 0 14 4.500l2-2M20 20v-4.500h-4.500',
  down: 'M12 5v14m-6-6 6 6 6-6',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 9a8 8 0 0 1 16 0',
  personAdd: 'M10 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7 9a7 7 0 0 1 11.500-5.300M18 14v6M15 17h6',
  trash: 'M4 7h16M9.500 7V4.500h5V7M6.500 7l1 13h9l1-13',
  chat: 'M21 12a8 8 0 0 1-8 8H4l2-3.200A8 8 0 1 1 21 12Z',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}

/** The product's mark. */
export function Logo({ size = 28 }: { readonly size?: number }) {
  return (
    <svg className="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-ground" width="32" height="32" rx="9" />
      <path className="logo-line" d="M7 23v-8a9 9 0 0 1 18 0v8M12 23v-7.500a4 4 0 0 1 8 0V23M5 23h22" />
    </svg>
  )
}
