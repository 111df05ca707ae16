// Reads the values of a command line: numbers, choices, lists and file contents.
import { readFileSync } from 'node:fs';
import { toHex } from '#protocol/bytes/hex.ts';
import { UserError } from '../common/user-error.ts';
import type { Values } from './options.ts';

export function readHex(what: string, text: string, maxDigits: number): number {
  const digits = text.replace(/^0x/i, '');
  if (!new RegExp(`^[0-9A-Fa-f]{1,${maxDigits}}$`).test(digits)) {
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
  const text = readInput(file, 'latin1').replaceAll(/\s/g, '');
  if (!/^([0-9A-Fa-f]{2})+$/.test(text)) {
    throw new UserError(`${file === '-' ? 'Standard input' : file} does not contain a key in hex.`);
  }
  return { [name]: toHex(Buffer.from(text, 'hex')) } as { [K in Name]: string };
}

/** The content of a file, or of standard input for `-`. */
export function readInput(file: string, encoding: 'latin1' | 'utf8'): string {
  try {
    return readFileSync(file === '-' ? 0 : file, encoding);
  } catch (cause) {
    throw new UserError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
