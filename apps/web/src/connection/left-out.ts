/**
 * Stands in for parts of xmpp.js that it calls and that this client goes without: mechanisms of SASL that it never speaks,
 * so that they are not there to be chosen, and the look-up of a server whose address it knows.
 */
export default function leftOut(): void {}
