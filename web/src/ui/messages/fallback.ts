// The words that the page has with it from the start: for a network that is gone, where no others could be fetched.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Failure } from '../../state/common/failure.ts';
import type { Message } from './types.ts';

export const OUT_OF_REACH = {
  'service-unreachable': {
    remedy: 'Check the network, then retry',
    again: true,
    title: 'The AS cannot be reached from here.',
  },
  'service-timeout': { remedy: 'Wait a moment, then retry', again: true, title: 'The AS took too long to answer.' },
  // A browser may remember for as long as the page lives that it could not have it.
  'part-unreachable': {
    remedy: 'Check the network, then reload this page',
    title: 'A part of this page could not be fetched from the AS.',
  },
} as const;

/** For every other code, while its own words are on their way or out of reach. */
const NO_WORDS = {
  coming: { remedy: 'Wait a moment', title: 'What this means is being fetched. The code says it as well.' },
  missing: {
    remedy: 'Leave the unit as it is, check the network, then reload this page',
    title: 'What this means could not be fetched from the AS. The code says it, and the journal keeps it.',
  },
} as const;

export function fallbackMessage({ code }: Failure, book: 'coming' | 'missing'): Message {
  return code in OUT_OF_REACH ? OUT_OF_REACH[code as keyof typeof OUT_OF_REACH] : NO_WORDS[book];
}

/** The quiet line below the words: for a report, and for whoever looks it up. */
export function reference({ code, command, statusWord }: Failure): string {
  if (statusWord === undefined) return code;
  return `${command ?? 'command'} ${hexNumber(statusWord, 4)}`;
}
