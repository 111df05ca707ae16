// Checks ATTR (docs/protocol.md clause 3.3) in the identity, in AS data, in key entries and on the
// command line. crypto/key-block.ts has the same rule for the header of a key block.

/**
 * Seven upper-case letters and digits. An entry that erases a slot has NO_ATTRIBUTES instead
 * (clause 8).
 */
const ATTRIBUTES = /^[0-9A-Z]{7}$/;

export function isAttributes(text: string): boolean {
  return ATTRIBUTES.test(text);
}
