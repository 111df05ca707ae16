// The rule for ATTR (docs/protocol.md clause 3.3), for the identity, the data of a card, the entries
// of an AS and the command line. crypto/key-block.ts repeats it for the header of a key block.

/** Seven upper-case letters and digits. An entry that erases a slot has none instead (clause 8). */
const ATTRIBUTES = /^[0-9A-Z]{7}$/;

export function isAttributes(text: string): boolean {
  return ATTRIBUTES.test(text);
}
