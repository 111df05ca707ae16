// ATTR of a key (docs/protocol.md clause 3.3), the one rule for HDR, key block, identity, the data of
// a card, the key list and the command line.

/** Seven upper-case letters and digits. An entry that erases a slot has none instead (clause 8). */
const ATTRIBUTES = /^[0-9A-Z]{7}$/;

export function isAttributes(text: string): boolean {
  return ATTRIBUTES.test(text);
}
