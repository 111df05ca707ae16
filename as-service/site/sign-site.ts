// Signs the settings of a site (docs/protocol.md clause 9.2). Each site file of an AS has a higher
// serial number than the last one, so that a station can refuse an older file.
import { toHex } from '#protocol/bytes/hex.ts';
import { utf8 } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { SiteDraft } from '#protocol/site/draft.ts';
import { encodeSite, MAX_SERIAL, SITE_FORMAT } from '#protocol/site/site.ts';
import { requireNumber } from '../common/checks.ts';
import type { As } from '../service/as.ts';

/**
 * Signs a new site file and returns its text. `after` is the highest serial number that stations may
 * have accepted from an AS that was restored from an older backup; 0 otherwise.
 * @throws UserError, ProtocolError file-refused
 */
export async function signSite(as: As, actor: string, draft: SiteDraft, after: number): Promise<string> {
  requireNumber('--after', after, 0, MAX_SERIAL - 1);
  const { asNumber, name: service, siteSerial = 0 } = as.state;
  const serial = Math.max(siteSerial, after) + 1;
  const settings = encodeSite({
    format: SITE_FORMAT,
    serial,
    issued: as.now().toISOString(),
    service,
    asNumber,
    ...draft,
  });
  await as.change({
    event: 'site-signed',
    actor,
    details: { serial, as: draft.as.join(' '), profiles: draft.profiles.length, hash: toHex(sha256(utf8(settings))) },
    next: (state) => ({ ...state, siteSerial: serial }),
  });
  return await as.signatures.signSite(settings);
}
