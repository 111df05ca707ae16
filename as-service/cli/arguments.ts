// The words of a command line as values: numbers, choices, lists, and what stands in a file. What cannot be read is said in words.
import { readFileSync } from 'node:fs';
import { toHex } from '#protocol/bytes/hex.ts';
import { UserError } from '../common/user-error.ts';

export type Values = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export function hexNumber(what: string, text: string, digits: number): number {
  const plain = text.replace(/^0x/i, '');
  if (!new RegExp(`^[0-9A-Fa-f]{1,${digits}}$`).test(plain)) {
    throw new UserError(`${what} must be up to ${digits} hex digits, not "${text}".`);
  }
  return Number.parseInt(plain, 16);
}

export function decimal(what: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UserError(`--${what} must be a whole number, not "${text}".`);
  return Number(text);
}

export function optionalDecimal(what: string, value: Values[string]): number | null {
  return typeof value === 'string' ? decimal(what, value) : null;
}

export function required(what: string, value: Values[string]): string {
  if (typeof value === 'string') return value;
  throw new UserError(`--${what} is missing.`);
}

export function list(value: Values[string]): readonly string[] | null {
  return Array.isArray(value) ? value.map(String) : null;
}

export function oneOf<Word extends string>(what: string, value: Values[string], words: readonly Word[]): Word {
  const found = words.find((word) => word === value);
  if (found === undefined) throw new UserError(`--${what} must be ${words.join(' or ')}.`);
  return found;
}

/** A key in hex from a file or standard input: on a command line others on the machine could read it. */
export function readKey<Name extends string>(name: Name, file: Values[string]): { readonly [K in Name]?: string } {
  if (typeof file !== 'string') return {};
  const text = readInput(file, 'latin1').replaceAll(/\s/g, '');
  if (!/^([0-9A-Fa-f]{2})+$/.test(text))
    throw new UserError(`${file === '-' ? 'Standard input' : file} holds no key in hex.`);
  return { [name]: toHex(Buffer.from(text, 'hex')) } as { [K in Name]: string };
}

/** What stands in a file, or with - in standard input. */
export function readInput(file: string, encoding: 'latin1' | 'utf8'): string {
  try {
    return readFileSync(file === '-' ? 0 : file, encoding);
  } catch (cause) {
    throw new UserError(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
