// Reads an access code as it was typed or pasted: six groups of five capital letters and digits
// after the prefix KF.

export const CODE_LENGTH = 30;
const GROUP_LENGTH = 5;
const PREFIX = 'KF';

/**
 * Returns the letters and digits of a typed code, without the prefix. Removes the blanks, dashes
 * and invisible characters that mail programs and spreadsheets add.
 */
export function codeBody(text: string): string {
  const plain = text.normalize('NFKC').toUpperCase().trim();
  const body = plain.replaceAll(/[^0-9A-Z]/g, '');
  const isPrefixed = plain.startsWith(PREFIX) && /^[^0-9A-Z]/.test(plain.slice(PREFIX.length));
  const isWhole = body.length >= PREFIX.length + CODE_LENGTH;
  return body.startsWith(PREFIX) && (isPrefixed || isWhole) ? body.slice(PREFIX.length) : body;
}

/** Returns the text that the input field shows, for example "7M3QX-VN8RT". */
export function groupedCode(body: string): string {
  return Array.from({ length: Math.ceil(body.length / GROUP_LENGTH) }, (_, i) =>
    body.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH),
  ).join('-');
}

/** Returns the complete access code, as the page sends it to the AS. */
export function wholeCode(body: string): string {
  return `${PREFIX}-${groupedCode(body)}`;
}
