// Fetches one file of a served page, with a time limit and a size limit.
import { UserError } from '../common/user-error.ts';

/** The encodings that browsers request. A server may have a separate copy of a file for each. */
export const ENCODINGS = ['br', 'gzip', 'identity'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** Time limit of one request, and size limit of one decoded file. */
export interface FetchLimits {
  readonly ms: number;
  readonly bytes: number;
}

const FETCH_LIMITS: FetchLimits = { ms: 20_000, bytes: 32 * 1024 * 1024 };

export interface FetchedFile {
  readonly status: number;
  readonly headers: Headers;
  /** The decoded content. Undefined unless the status is 200. */
  readonly content?: Uint8Array | undefined;
  /** Origin that the server redirected to, if it is another one. The content is then not of this server. */
  readonly elsewhere?: string | undefined;
}

/** @throws UserError if the server cannot be reached, or does not send the whole file in time */
export async function fetchFile(
  url: URL,
  encoding: Encoding,
  limits: FetchLimits = FETCH_LIMITS,
): Promise<FetchedFile> {
  try {
    const answer = await fetch(url, {
      headers: { 'accept-encoding': encoding },
      signal: AbortSignal.timeout(limits.ms),
    });
    const { status, headers } = answer;
    const { origin } = new URL(answer.url);
    if (status !== 200 || origin !== url.origin) {
      await answer.body?.cancel();
      return { status, headers, ...(origin === url.origin ? {} : { elsewhere: origin }) };
    }
    return { status, headers, content: await readBody(answer, limits) };
  } catch (cause) {
    throw new UserError(`${url} cannot be read: ${whyUnread(cause, limits)}.`, { cause });
  }
}

class TooLong extends Error {}

async function readBody({ body }: Response, { bytes }: FetchLimits): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    length += part.length;
    if (length > bytes) throw new TooLong();
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function whyUnread(cause: unknown, { ms, bytes }: FetchLimits): string {
  if (cause instanceof TooLong) return `the file is longer than ${bytes} bytes`;
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return `no whole answer within ${ms / 1000} s`;
  if (!(cause instanceof TypeError)) throw cause;
  // fetch() and the body reader reject with a TypeError, whose cause has the reason. If the host has
  // several addresses, that cause has a code, but no message.
  const reason = cause.cause;
  if (!(reason instanceof Error)) return cause.message;
  return reason.message || ('code' in reason && String(reason.code)) || cause.message;
}
