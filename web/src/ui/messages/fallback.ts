// Messages that are part of the first chunk, for failures of the network while the message catalog
// is not loaded.
import { hexNumber } from '#protocol/bytes/hex.ts';
import type { Failure } from '../../state/common/failure.ts';
import { t } from '../../text/t.ts';
import type { Message } from './types.ts';

export const OUT_OF_REACH = {
  'service-unreachable': {
    remedy: t`Check the network`,
    again: true,
    title: t`The AS cannot be reached from here.`,
  },
  'service-timeout': { remedy: t`Wait a moment`, again: true, title: t`The AS took too long to answer.` },
  // A browser may cache a failed import until the page is reloaded.
  'part-unreachable': {
    remedy: t`Check the network, then reload this page`,
    title: t`A part of this page could not be fetched from the AS.`,
  },
} as const;

/** Message for every other code, while the catalog is loading or when it cannot be loaded. */
const NO_MESSAGE = {
  loading: { remedy: t`Wait a moment`, title: t`The explanation of this code is being fetched.` },
  missing: {
    remedy: t`Leave the unit as it is, check the network, then reload this page`,
    title: t`The explanation of this code could not be fetched. The journal records the code.`,
  },
} as const;

/** The remedy names no button to press, because only the catalog adds that. */
export function fallbackMessage({ code }: Failure, catalog: 'loading' | 'missing'): Message {
  return code in OUT_OF_REACH ? OUT_OF_REACH[code as keyof typeof OUT_OF_REACH] : NO_MESSAGE[catalog];
}

/** The code shown below the message, for reports and documentation. */
export function reference({ code, command, statusWord, detail }: Failure): string {
  if (detail !== undefined) return `${code}: ${detail}`;
  if (statusWord === undefined) return code;
  return `${command ?? 'command'} ${hexNumber(statusWord, 4)}`;
}
