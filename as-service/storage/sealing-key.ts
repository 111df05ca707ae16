// Where the sealing key comes from: the environment, or a key file, made on the first start.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { type Bytes, copy, wipe } from '#protocol/bytes/bytes.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';
import { ascii, fromBase64url } from '#protocol/bytes/text.ts';
import { UserError } from '../common/user-error.ts';
import { createFile, readFileIfThere } from './atomic-file.ts';

export interface SealingKey {
  readonly key: Bytes;
  readonly source: 'environment' | 'key file';
}

export interface SealingKeyOptions {
  /** KEYFERRY_SEALING_KEY: 64 hex digits or 43 characters base64url. */
  readonly environment: string | undefined;
  readonly path: string;
  /** There is sealed data already, so a key that is missing must not be replaced by a new one. */
  readonly sealedDataExists: boolean;
}

/** @throws UserError */
export async function loadSealingKey({ environment, path, sealedDataExists }: SealingKeyOptions): Promise<SealingKey> {
  if (environment !== undefined && environment !== '') {
    return { key: decode(environment, 'KEYFERRY_SEALING_KEY'), source: 'environment' };
  }
  const content = await readFileIfThere(path);
  if (content !== undefined) {
    try {
      // Of a first start that was cut short: a second copy would outlive the moving of the first. A folder that cannot be written has none.
      if (existsSync(`${path}.new`)) await rm(`${path}.new`);
      await refuseOpenFile(path);
      return {
        key: decode(Buffer.from(content).toString('latin1').trim(), `The key file ${path}`),
        source: 'key file',
      };
    } finally {
      wipe(content);
    }
  }
  if (sealedDataExists) {
    throw new UserError(
      `The key file ${path} is missing, and without it the data of this service cannot be opened. Put it back, or give its content in KEYFERRY_SEALING_KEY.`,
    );
  }
  const key = copy(randomBytes(32));
  await createFile(path, ascii(`${toHex(key)}\n`));
  return { key, source: 'key file' };
}

function decode(text: string, name: string): Bytes {
  try {
    const key = /^[0-9A-Fa-f]{64}$/.test(text) ? fromHex(text) : fromBase64url(text);
    if (key.length === 32) return key;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new UserError(`${name} is no sealing key: it must be 32 octets as 64 hex digits or 43 characters base64url.`);
}

async function refuseOpenFile(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new UserError(`The key file ${path} can be read by others. Close it first: chmod 600 ${path}`);
  }
}
