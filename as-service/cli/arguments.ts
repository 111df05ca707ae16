// Reads the values of a command line: numbers, choices, lists and file contents.
import { readFileSync } from 'node:fs';
import { wipe } from '#protocol/bytes/bytes.ts';
import { fromHex } from '#protocol/bytes/hex.ts';
import { decodeFile } from '#protocol/text/decode-file.ts';
import { readText, type TextResult } from '#protocol/text/permitted-text.ts';
import { readTypedHex } from '#protocol/text/typed-code.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import { isSystemError } from '../storage/atomic-file.ts';
import type { Values } from './options.ts';

export function readHex(what: string, text: string, maxDigits: number): number {
  const digits = text.replace(/^0x/i, '');
  if (!/^[0-9A-Fa-f]+$/.test(digits) || digits.length > maxDigits) {
    throw new UserError(`${what} must be up to ${maxDigits} hex digits, not "${text}".`);
  }
  return Number.parseInt(digits, 16);
}

export function readDecimal(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UserError(`--${option} must be a whole number, not "${text}".`);
  return Number(text);
}

export function readOptionalDecimal(option: string, value: Values[string]): number | null {
  return typeof value === 'string' ? readDecimal(option, value) : null;
}

export function required(option: string, value: Values[string]): string {
  if (typeof value === 'string') return value;
  throw new UserError(`--${option} is missing.`);
}

export function readJson(value: Values[string]): { readonly json?: true } {
  return value === true ? { json: true } : {};
}

export function readList(value: Values[string]): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

export function readChoice<Word extends string>(option: string, value: Values[string], choices: readonly Word[]): Word {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw new UserError(`--${option} must be ${choices.join(' or ')}.`);
  return found;
}

/** Reads a key from a file, because other users of the computer can read the command line. */
export function readKey<Name extends string>(name: Name, file: Values[string]): { readonly [K in Name]?: string } {
  if (typeof file !== 'string') return {};
  const digits = readTypedHex(readInput(file));
  if (!/^([0-9A-Fa-f]{2})+$/.test(digits)) {
    throw new UserError(`${nameOf(file)} does not contain a key in hex. Write two hex digits for each byte.`);
  }
  return { [name]: digits.toUpperCase() } as { [K in Name]: string };
}

/** Reads the text of a file, or of standard input for `-`. @throws UserError */
export function readInput(file: string): string {
  const content = readContent(file);
  try {
    return decodeFile(content);
  } catch (cause) {
    throw toUserError(cause, `${nameOf(file)}: `);
  } finally {
    wipe(content);
  }
}

/** Reads the bytes of a file, or of standard input for `-`. @throws UserError */
export function readContent(file: string): Buffer {
  try {
    return readFileSync(file === '-' ? 0 : file);
  } catch (cause) {
    throw new UserError(`${nameOf(file)} cannot be read: ${whyUnreadable(cause)}.`);
  }
}

function whyUnreadable(cause: unknown): string {
  if (isSystemError(cause, 'ENOENT')) return 'there is no such file';
  if (isSystemError(cause, 'EISDIR')) return 'it is a folder';
  if (isSystemError(cause, 'EACCES')) return 'this user may not read it';
  return cause instanceof Error ? cause.message : String(cause);
}

function nameOf(file: string): string {
  return file === '-' ? 'Standard input' : file;
}

/**
 * Reads a text and returns it in the normal form of docs/protocol.md clause 6.2. `what` names the
 * text in the error message.
 * @throws UserError naming the refused character
 */
export function readEntered(what: string, typed: string, read: (typed: string) => TextResult): string {
  const result = read(typed);
  if ('text' in result) return result.text;
  throw new UserError(`The ${what} ${result.why}. Type it again.`);
}

export const readReason = (typed: string): string => readEntered('reason', typed, (text) => readText(text, 500));

/** Reads a public key of 32 bytes; null if the option is missing. */
export function readPublicKey(option: string, value: Values[string], source: string): Uint8Array | null {
  if (typeof value !== 'string') return null;
  if (!/^[0-9A-Fa-f]{64}$/.test(value)) throw new UserError(`--${option} must be 64 hex digits, as ${source}.`);
  return fromHex(value);
}
