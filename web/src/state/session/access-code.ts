// Reads an access code as it was typed or pasted: six groups of five capital letters and digits
// after the prefix KF.

export const CODE_LENGTH = 30;
const GROUP_LENGTH = 5;
const PREFIX = 'KF';

/**
 * The letters and digits without the prefix. Mail programs and spreadsheets add blanks, other
 * dashes and invisible characters.
 */
export function codeBody(text: string): string {
  const plain = text.normalize('NFKC').toUpperCase().trim();
  const body = plain.replaceAll(/[^0-9A-Z]/g, '');
  const isPrefixed = plain.startsWith(PREFIX) && /^[^0-9A-Z]/.test(plain.slice(PREFIX.length));
  const isWhole = body.length >= PREFIX.length + CODE_LENGTH;
  return body.startsWith(PREFIX) && (isPrefixed || isWhole) ? body.slice(PREFIX.length) : body;
}

/** "7M3QX-VN8RT": what the field shows. */
export function groupedCode(body: string): string {
  return Array.from({ length: Math.ceil(body.length / GROUP_LENGTH) }, (_, i) =>
    body.slice(i * GROUP_LENGTH, (i + 1) * GROUP_LENGTH),
  ).join('-');
}

/** The access code as it is sent. */
export function wholeCode(body: string): string {
  return `${PREFIX}-${groupedCode(body)}`;
}
