/** Stands in for modules that exist only outside browsers. xmpp.js skips a feature whose module is not a function. */
export default undefined
export const connect = undefined
export const promises = undefined
