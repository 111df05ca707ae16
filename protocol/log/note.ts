// Signed notes (C2SP signed-note): a text with signature lines of Ed25519 keys (type 01).
import { type Bytes, concat, equalBytes, requireLength } from '../bytes/bytes.ts';
import { toHex } from '../bytes/hex.ts';
import { utf8 } from '../bytes/text.ts';
import { sha256 } from '../crypto/prf.ts';
import { IntegrityError } from '../errors.ts';
import type { Signer, Verify } from '../signing/envelope.ts';
import { fromBase64, toBase64 } from './base64.ts';

const ED25519 = 0x01;
const KEY_ID_LENGTH = 4;
const SIGNATURE_LENGTH = 64;
/** Maximum number of signature lines. C2SP signed-note requires at least 16. */
const MAX_SIGNATURES = 64;

/** A key that verifies notes. */
export interface NoteKey {
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Returns the key id of an Ed25519 key, 4 bytes. */
function noteKeyId({ name, publicKey }: NoteKey): Bytes {
  requireLength('publicKey', publicKey, 32);
  return sha256(concat(utf8(`${name}\n`), ED25519, publicKey)).slice(0, KEY_ID_LENGTH);
}

/** Returns the verifier key, the text with which other tools are configured. */
export function verifierKey(key: NoteKey): string {
  const id = toHex(noteKeyId(key)).toLowerCase();
  return `${key.name}+${id}+${toBase64(concat(ED25519, key.publicKey))}`;
}

/** Signs a text that ends with a line feed. */
export async function signNote(text: string, name: string, signer: Signer): Promise<string> {
  requireText(text);
  if (!isKeyName(name)) throw new RangeError(`"${name}" is not a name of a key`);
  const signature = await signer.sign(utf8(text));
  const line = toBase64(concat(noteKeyId({ name, publicKey: signer.publicKey }), signature));
  return `${text}\n— ${name} ${line}\n`;
}

/** A note whose signature was not verified. */
interface UnverifiedNote {
  readonly text: string;
  readonly signatures: readonly { readonly name: string; readonly keyId: Bytes; readonly signature: Bytes }[];
}

/** @throws IntegrityError for a note that is malformed */
function readNote(note: string): UnverifiedNote {
  const end = note.lastIndexOf('\n\n');
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2).split('\n');
  if (end < 0 || CONTROL.test(note) || lines.pop() !== '' || lines.length < 1 || lines.length > MAX_SIGNATURES) {
    throw new IntegrityError();
  }
  return { text, signatures: lines.map(readSignature) };
}

/**
 * Verifies a note with the only key that the reader trusts, and returns its text. Ignores the
 * signatures of other keys.
 * @throws IntegrityError if this key has not signed the note, or one of its signatures is wrong
 */
export async function openNote(note: string, key: NoteKey, verify: Verify): Promise<string> {
  const { text, signatures } = readNote(note);
  const id = noteKeyId(key);
  const own = signatures.filter(({ name, keyId }) => name === key.name && equalBytes(keyId, id));
  if (own.length === 0) throw new IntegrityError();
  for (const { signature } of own) {
    const isSigned = signature.length === SIGNATURE_LENGTH && (await verify(key.publicKey, utf8(text), signature));
    if (!isSigned) throw new IntegrityError();
  }
  return text;
}

function readSignature(line: string): UnverifiedNote['signatures'][number] {
  const [, name = '', base64 = ''] = /^— (\S+) (\S+)$/u.exec(line) ?? [];
  const bytes = decode(base64);
  if (!isKeyName(name) || bytes.length <= KEY_ID_LENGTH) throw new IntegrityError();
  return { name, keyId: bytes.slice(0, KEY_ID_LENGTH), signature: bytes.slice(KEY_ID_LENGTH) };
}

function decode(base64: string): Bytes {
  try {
    return fromBase64(base64);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new IntegrityError();
    throw cause;
  }
}

const isKeyName = (name: string): boolean => /^[^\s+]+$/u.test(name);

// biome-ignore lint/suspicious/noControlCharactersInRegex: a note must not contain them
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

function requireText(text: string): void {
  if (CONTROL.test(text) || !text.endsWith('\n'))
    throw new RangeError('the text of a note is lines without control characters');
}
