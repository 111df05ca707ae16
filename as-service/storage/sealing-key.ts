// Reads the sealing key from the environment or from a key file, which the first start creates.
import { getRandomValues } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { type Bytes, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii, fromBase64url } from '#protocol/bytes/text.ts';
import { decodeFile } from '#protocol/text/decode-file.ts';
import { readTyped, readTypedHex } from '#protocol/text/typed-code.ts';
import { toUserError } from '../common/to-user-error.ts';
import { UserError } from '../common/user-error.ts';
import { createFile, readFileIfThere } from './atomic-file.ts';

export interface SealingKey {
  readonly key: Bytes;
  readonly source: 'environment' | 'key file';
}

export interface SealingKeyOptions {
  /** KEYFERRY_SEALING_KEY: 32 bytes as 64 hex digits or 43 characters of base64url. */
  readonly environment: string | undefined;
  readonly path: string;
  /**
   * Whether sealed data exists. If so, a missing key file is an error, and no new key is created.
   */
  readonly sealedDataExists: boolean;
}

/** @throws UserError when the key is missing or malformed, or others can read its file */
export async function loadSealingKey({ environment, path, sealedDataExists }: SealingKeyOptions): Promise<SealingKey> {
  if (environment !== undefined && environment !== '') {
    return { key: decode(environment, 'KEYFERRY_SEALING_KEY'), source: 'environment' };
  }
  const content = await readFileIfThere(path);
  if (content !== undefined) {
    try {
      // Removes a copy of the key that a crash in createFile() can leave. Otherwise an
      // administrator who moves the key file to another place would leave the copy behind.
      if (existsSync(`${path}.new`)) await rm(`${path}.new`);
      await requirePrivate(path);
      return {
        key: decode(readText(content, `The key file ${path}`), `The key file ${path}`),
        source: 'key file',
      };
    } finally {
      wipe(content);
    }
  }
  if (sealedDataExists) {
    throw new UserError(
      `The key file ${path} is missing, and the data of this service cannot be opened without it. Put it back, or set KEYFERRY_SEALING_KEY to its content.`,
    );
  }
  const key = getRandomValues(new Uint8Array(32));
  const text = ascii(`${toHex(key)}\n`);
  try {
    await createFile(path, text);
  } catch (cause) {
    wipe(key);
    throw cause;
  } finally {
    wipe(text);
  }
  return { key, source: 'key file' };
}

function readText(content: Uint8Array, name: string): string {
  try {
    return decodeFile(content);
  } catch (cause) {
    throw toUserError(cause, `${name}: `);
  }
}

function decode(text: string, name: string): Bytes {
  const digits = readTyped(text);
  const hex = readTypedHex(text);
  try {
    const key = /^[0-9A-Fa-f]{64}$/.test(hex) ? fromHex(hex) : fromBase64url(digits);
    if (key.length === 32) return key;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new UserError(
    `${name} is not a sealing key. Write 32 bytes as 64 hex digits or as 43 characters of base64url.`,
  );
}

async function requirePrivate(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new UserError(`The key file ${path} can be read by others. Restrict it first: chmod 600 ${path}`);
  }
}
