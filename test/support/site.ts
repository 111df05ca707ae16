// Signs site files for tests, good and bad ones, with the keys of a test AS.
import { toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { CERTIFICATE_TYPE, type CertificateJson } from '#protocol/service/messages.ts';
import { type Envelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { SITE_TYPE, type Site } from '#protocol/site/site.ts';
import { encodeSiteFile } from '#protocol/site/site-file.ts';
import { signerOf } from '#test/support/vault.ts';

const SITE_ROOT = new Uint8Array(32).fill(0x81);
export const OTHER_ROOT = new Uint8Array(32).fill(0x82);
const SITE_KEY = new Uint8Array(32).fill(0x83);

/** The public key of a root, 32 bytes. */
export const publicRoot = (root: Uint8Array = SITE_ROOT): Uint8Array => signerOf(root).publicKey;

export const SITE: Site = {
  format: 1,
  serial: 7,
  issued: '2026-11-30T10:00:00.000Z',
  service: 'Test AS',
  asNumber: 0,
  name: 'ACME Payments',
  as: ['https://keys.example.org'],
  profiles: [
    { name: 'Terminal', role: 'unit', ids: '2E8A:0005', usb: { bwtMs: 1500 } },
    { name: 'Old terminal', role: 'unit', serial: { baudRate: 9600, parity: 'even', edc: 'lrc', bwtMs: 2000 } },
  ],
  accent: '#C94A3B',
  policy: { scanLabels: true, signOutAfterMinutes: 15, autoRun: true, singleKeys: false, sendByHand: true },
};

export interface TestSiteOptions {
  /** Secret key of the root that certifies the site key. */
  readonly root?: Uint8Array;
  readonly certificate?: Partial<CertificateJson>;
  /** Changes the settings before they are signed. */
  readonly site?: Readonly<Record<string, unknown>>;
}

export async function signSiteFile({ root = SITE_ROOT, certificate, site }: TestSiteOptions = {}): Promise<string> {
  const key = signerOf(SITE_KEY);
  const certified: CertificateJson = {
    purpose: 'site',
    publicKey: toBase64url(key.publicKey),
    asNumber: 0,
    from: '2026-01-01T00:00:00.000Z',
    until: '2029-01-01T00:00:00.000Z',
    ...certificate,
  };
  return encodeSiteFile(
    await seal(CERTIFICATE_TYPE, certified, root),
    await seal(SITE_TYPE, { ...SITE, ...site }, SITE_KEY),
  );
}

function seal(type: string, payload: object, secretKey: Uint8Array): Promise<Envelope> {
  return sealEnvelope(type, utf8(JSON.stringify(payload)), signerOf(secretKey));
}
