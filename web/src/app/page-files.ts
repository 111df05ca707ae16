// Fetches the files of this page, for the comparison with a release.
import { ProtocolError } from '#protocol/errors.ts';
import type { FileSource } from '../state/help/release-check.svelte.ts';

/** Maximum time in ms for one file. */
const TIMEOUT_MS = 20_000;

/**
 * Fetches one file of the page. `path` is relative to its folder. Resolves to undefined if there is
 * no such file. The service worker answers from its cache, unless the cache mode is "no-store".
 * @throws ProtocolError part-unreachable
 */
export async function fetchPageFile(path: string, source: FileSource): Promise<Uint8Array | undefined> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await fetch(path, { signal, cache: source === 'server' ? 'no-store' : 'default' });
    return answer.status === 200 ? new Uint8Array(await answer.arrayBuffer()) : undefined;
  } catch (cause) {
    // fetch() and arrayBuffer() reject with a TypeError, or with the DOMException of the timeout.
    if (!(cause instanceof TypeError) && !(cause instanceof DOMException)) throw cause;
    throw new ProtocolError('part-unreachable', `${path} could not be fetched`, { cause });
  }
}
