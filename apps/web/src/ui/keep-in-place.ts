/** What {@link keepInPlace} gives whoever moves the list. */
export interface Stay {
  /** What is on the screen now is what is to stay there. */
  here(): void
  /** Nothing is to stay: the list is on its way to somewhere. */
  nowhere(): void
  stop(): void
}

/** Browsers place things at whole pixels of the screen: less than this is no move. */
const LEAST_PX = 0.75

/**
 * Whatever happens to the list, the row that is being read does not move. Rows come in above it with a height that is a
 * guess, and above or below it they are measured when the machine comes to it; the virtual list makes up for that by rules
 * that depend on the order of these events. So after each change, and before it is painted, the row is looked at where it
 * stands, and put back.
 */
export function keepInPlace(scroller: HTMLElement): Stay {
  let place: { readonly row: HTMLElement; readonly topPx: number } | undefined

  const movedPx = () => (place ? place.row.getBoundingClientRect().top - place.topPx : 0)

  function here(): void {
    // The list has moved, and what is read has not: what else is to be seen now may still be a guess.
    if (place?.row.isConnected && Math.abs(movedPx()) < LEAST_PX) return
    const view = scroller.getBoundingClientRect()
    place = undefined
    // The uppermost that is seen from its top, or else the one that fills the screen. Rows are hidden until they are measured.
    for (const row of scroller.querySelectorAll<HTMLElement>('[data-key]')) {
      const { top, bottom } = row.getBoundingClientRect()
      if (bottom <= view.top || !row.checkVisibility({ visibilityProperty: true })) continue
      if (top >= view.bottom) break
      place = { row, topPx: top }
      if (top >= view.top) break
    }
  }

  function putBack(): void {
    if (!place) return
    if (!place.row.isConnected) return here()
    const px = movedPx()
    if (Math.abs(px) >= LEAST_PX) scroller.scrollTop += px
  }

  const observer = new MutationObserver(putBack)
  observer.observe(scroller, { subtree: true, childList: true, attributeFilter: ['style'] })
  return {
    here,
    nowhere: () => (place = undefined),
    stop: () => observer.disconnect(),
  }
}
