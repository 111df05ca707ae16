// Decides which certificates and earlier verdict keys remain in the state (docs/protocol.md clause
// 9). A page accepts a limited number of certificates, and each change of the clock can add some.

import { toBase64url } from '#protocol/bytes/text.ts';
import { keyId } from '#protocol/signing/envelope.ts';
import type { State } from '../storage/state.ts';
import { decodeCertificate, verdictCertificates } from './signing.ts';

/** What the service has signed, or may sign again, with earlier keys. */
export interface SignedRecords {
  /** Time of each accepted receipt, in milliseconds since the epoch. */
  readonly receiptTimes: readonly number[];
  /** Key ids of the signatures of all work orders. */
  readonly orderKeys: ReadonlySet<string>;
}

/** Maximum number of certificates that are stored although no record needs them. */
const MAX_UNUSED = 64;

/**
 * Returns the certificates and earlier verdict keys that remain in the state. The service needs
 * those of the present keys, of the keys that sign verdicts on stored receipts, and of the keys
 * that signed stored work orders. It also keeps the newest of the other certificates until they
 * expire, because a page may not have received the answers signed with them yet.
 */
export function retain(
  state: State,
  { receiptTimes, orderKeys }: SignedRecords,
  now: Date,
): Pick<State, 'certificates' | 'earlierVerdictKeys'> {
  const present = new Set(Object.values(state.signingKeys).map(({ publicKey }) => toBase64url(publicKey)));
  const ofVerdicts = verdictKeysFor(state, receiptTimes);
  const decoded = state.certificates.map((envelope) => ({ envelope, certificate: decodeCertificate(envelope) }));
  const isNeeded = ({ certificate: { purpose, publicKey } }: (typeof decoded)[number]) =>
    present.has(publicKey) ||
    (purpose === 'verdict' && ofVerdicts.has(publicKey)) ||
    (purpose === 'work-order' && orderKeys.has(keyId(Buffer.from(publicKey, 'base64url'))));
  const unused = decoded.filter((each) => !isNeeded(each) && Date.parse(each.certificate.until) >= now.getTime());
  const newest = new Set(unused.slice(-MAX_UNUSED));
  const certificates = decoded.filter((each) => isNeeded(each) || newest.has(each));
  const certified = new Set(certificates.map(({ certificate }) => certificate.publicKey));
  return {
    certificates: certificates.map(({ envelope }) => envelope),
    earlierVerdictKeys: (state.earlierVerdictKeys ?? []).filter(({ publicKey }) =>
      certified.has(toBase64url(publicKey)),
    ),
  };
}

/** Returns the public keys, base64url, that sign verdicts on receipts of these times. */
function verdictKeysFor(state: State, receiptTimes: readonly number[]): Set<string> {
  const spans = verdictCertificates(state).map(({ from, until, publicKey }) => ({
    from: Date.parse(from),
    until: Date.parse(until),
    publicKey,
  }));
  const found = new Set<string>();
  for (const time of receiptTimes) {
    const signer = spans.find(({ from, until }) => from <= time && time <= until);
    if (signer !== undefined) found.add(signer.publicKey);
  }
  return found;
}
