// Issues a vault file, verifies it and opens its keys. Tests the code of each refusal, and that a
// file is refused before a passphrase is used.
import { beforeAll, describe, expect, it } from 'vitest';
import { isZero } from '#protocol/bytes/bytes.ts';
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '#protocol/bytes/text.ts';
import { ed25519PublicKey } from '#protocol/crypto/ed25519.ts';
import { CERTIFICATE_TYPE, type CertificateJson } from '#protocol/service/messages.ts';
import { type Envelope, sealEnvelope } from '#protocol/signing/envelope.ts';
import { decodeVaultFile, encodeVaultFile, type VaultFileJson, verifyVaultFile } from '#protocol/vault/file.ts';
import { familyOf, keyFactsOf, VAULT_TYPE, type VaultHeaderJson, vaultName } from '#protocol/vault/header.ts';
import { openVaultSecrets, wipeVaultSecrets } from '#protocol/vault/secrets.ts';
import {
  createTestVault,
  quickKey,
  SoftwareVault,
  signerOf,
  type TestVault,
  verifyEd25519,
} from '#test/support/vault.ts';

const ROOT = new Uint8Array(32).fill(0x71);
const OTHER = new Uint8Array(32).fill(0x72);
const SN = '00000000000000004549000000000007';
const T = Uint8Array.from({ length: 32 }, (_, i) => i);
const TA = Uint8Array.from({ length: 32 }, (_, i) => 0xc0 ^ i);
const OPTIONS = {
  set: 0xba7c,
  transportKeys: [{ tkv: 1, key: T }],
  keys: [{ ref1: 0x0103, akv: 5, key: TA }],
  units: [SN],
  derive: quickKey,
  root: ROOT,
};

let vault: TestVault;
let file: VaultFileJson;

beforeAll(async () => {
  vault = await createTestVault(OPTIONS);
  file = decodeVaultFile(vault.text);
});

const verify = (changed: VaultFileJson, roots = [vault.root]) => verifyVaultFile(changed, roots, verifyEd25519);

function payloadOf<Payload>(envelope: Envelope): Payload {
  return JSON.parse(fromUtf8(fromBase64url(envelope.payload))) as Payload;
}

/** Returns the file with a changed header, signed by a key that the root key has certified. */
async function signedHeader(change: Partial<VaultHeaderJson>, certificate: Partial<CertificateJson> = {}) {
  const issuer = signerOf(OTHER);
  const header = { ...payloadOf<VaultHeaderJson>(file.header), ...change };
  return {
    ...file,
    header: await sealEnvelope(VAULT_TYPE, utf8(JSON.stringify(header)), issuer),
    certificate: await certified({ purpose: 'vault', publicKey: toBase64url(issuer.publicKey), ...certificate }),
  };
}

function certified(change: Partial<CertificateJson>): Promise<Envelope> {
  const certificate = { ...payloadOf<CertificateJson>(file.certificate), ...change };
  return sealEnvelope(CERTIFICATE_TYPE, utf8(JSON.stringify(certificate)), signerOf(ROOT));
}

/** Returns the certificate with a change, signed again by the same root key. */
function certifiedAgain(envelope: Envelope, change: Partial<CertificateJson>): Promise<Envelope> {
  return certified({ ...payloadOf<CertificateJson>(envelope), ...change });
}

describe('a vault file', () => {
  it('opens with its passphrase and contains its keys', async () => {
    const { secrets, vault: verified } = await SoftwareVault.open(vault.text, vault.passphrase, vault.root, {
      derive: quickKey,
    });
    expect(verified.header).toEqual(vault.header);
    expect(secrets.applicationKeys).toEqual([{ ref1: 0x0103, key: TA }]);
    expect(secrets.deviceKeys).toHaveLength(1);
    expect(secrets.transportKeys).toEqual([]);
    expect(ed25519PublicKey(secrets.dataKey)).toEqual(verified.dataPublicKey);
    expect(ed25519PublicKey(secrets.journalKey)).toEqual(verified.journalPublicKey);
    expect(familyOf(verified.header, 1)).toBe('cmac');
    expect(familyOf(verified.header, 2)).toBeUndefined();
    expect(keyFactsOf(verified.header.set.keys[0] ?? expect.fail())).toMatchObject({ ref1: 0x0103, akv: 5 });
  });

  it('has only one valid text', () => {
    expect(encodeVaultFile(file)).toBe(vault.text);
  });

  it('has no secret outside its sealed part', () => {
    const open = [file.header.payload, file.certificate.payload].map((text) => Buffer.from(text, 'base64url'));
    for (const secret of [T, TA]) {
      for (const bytes of open) expect(bytes.includes(Buffer.from(secret))).toBe(false);
    }
  });

  it('does not open with another passphrase, and still opens with its own afterwards', async () => {
    const open = (passphrase: string) => SoftwareVault.open(vault.text, passphrase, vault.root, { derive: quickKey });
    await expect(open('correct horse battery staples')).rejects.toMatchObject({ code: 'passphrase-wrong' });
    await expect(open(vault.passphrase)).resolves.toBeInstanceOf(SoftwareVault);
  });

  it('is refused if no pinned root key has certified it', async () => {
    await expect(verify(file, [])).rejects.toMatchObject({ code: 'vault-untrusted' });
    await expect(verify(file, [ed25519PublicKey(OTHER)])).rejects.toMatchObject({ code: 'vault-untrusted' });
    await expect(verify(file, [ed25519PublicKey(OTHER), vault.root])).resolves.toMatchObject({ root: vault.root });
  });

  it('is refused with the sealed part of another vault, even if AS and passphrase are the same', async () => {
    const other = decodeVaultFile((await createTestVault(OPTIONS)).text);
    await expect(verify({ ...file, sealed: other.sealed })).rejects.toMatchObject({ code: 'vault-changed' });
  });

  it('is refused with the header of another vault', async () => {
    const other = decodeVaultFile((await createTestVault({ ...OPTIONS, quota: { exports: 9, perUnit: null } })).text);
    await expect(verify({ ...other, sealed: file.sealed })).rejects.toMatchObject({ code: 'vault-changed' });
  });

  it('does not open under the name of another vault, even with the correct key', async () => {
    const { header, sealed } = await verify(file);
    const key = await quickKey(Buffer.from(vault.passphrase), fromBase64url(header.argon2id.salt), header.argon2id);
    const name = vaultName(header);
    expect(() => openVaultSecrets(sealed, name, key)).not.toThrow();
    const asOther = { ...name, asNumber: name.asNumber + 1 };
    expect(() => openVaultSecrets(sealed, asOther, key)).toThrow(expect.objectContaining({ code: 'passphrase-wrong' }));
  });

  it('is refused with a certificate for another purpose, another AS number or another time', async () => {
    const publicKey = toBase64url(ed25519PublicKey(OTHER));
    await expect(verify(await signedHeader({}))).resolves.toBeDefined();
    for (const certificate of [
      { purpose: 'verdict' } as const,
      { asNumber: 3 },
      { until: '2025-12-31T23:59:59.999Z' },
      { from: '2026-01-01T00:00:00.001Z' },
    ]) {
      const changed = await signedHeader({}, { publicKey, ...certificate });
      await expect(verify(changed), JSON.stringify(certificate)).rejects.toMatchObject({ code: 'vault-changed' });
    }
  });

  it('is refused if the certificates of its keys are not for this vault', async () => {
    const { dataCertificate, journalCertificate } = vault.header;
    const same = { dataCertificate: await certifiedAgain(dataCertificate, {}) };
    await expect(verify(await signedHeader(same))).resolves.toBeDefined();
    for (const change of [
      { dataCertificate: journalCertificate },
      { journalCertificate: dataCertificate },
      { asNumber: 8 },
      { dataCertificate: await certifiedAgain(dataCertificate, { asNumber: 8 }) },
      { journalCertificate: await certifiedAgain(journalCertificate, { asNumber: 8 }) },
    ]) {
      await expect(verify(await signedHeader(change))).rejects.toMatchObject({ code: 'vault-changed' });
    }
  });

  it('is refused with costs out of bounds, even if the AS signed them', async () => {
    const cheap = { argon2id: { ...vault.header.argon2id, memoryKib: 19_456 } };
    const dear = { argon2id: { ...vault.header.argon2id, memoryKib: 2 ** 22 } };
    await expect(verify(await signedHeader(cheap))).rejects.toMatchObject({ code: 'vault-malformed' });
    await expect(verify(await signedHeader(dear))).rejects.toMatchObject({ code: 'vault-malformed' });
  });

  it.each([
    ['another format', { format: 2 }],
    ['the AS number of the service', { asNumber: 0 }],
    ['an empty list of units', { units: [] }],
    ['an SN in lower case', { units: [SN.replace('5', 'a')] }],
    ['no quota', { quota: { exports: 0, perUnit: null } }],
    ['a reserved suite', { set: { transportKeys: [{ tkv: 1, suites: [5] }] } }],
    ['a time without milliseconds', { expires: '2026-01-01T00:00:00Z' }],
    ['a day that does not exist', { expires: '2026-02-30T00:00:00.000Z' }],
    ['a missing member', { custodian: undefined }],
  ])('is refused with %s in its header', async (_what, change) => {
    const header = payloadOf<VaultHeaderJson>(file.header);
    const set = { ...header.set, ...('set' in change ? change.set : {}) };
    const changed = await signedHeader({ ...change, set } as unknown as Partial<VaultHeaderJson>);
    await expect(verify(changed)).rejects.toMatchObject({ code: 'vault-malformed' });
  });

  it.each([
    ['empty', ''],
    ['not JSON', 'KV'],
    ['a list', '[]\n'],
    ['a number', '7\n'],
    ['too long', ' '.repeat(4 * 1024 * 1024 + 1)],
  ])('is refused if it is %s', (_what, text) => {
    expect(() => decodeVaultFile(text)).toThrow(expect.objectContaining({ code: 'vault-malformed' }));
  });

  it('may have 4 MiB', () => {
    const padded = vault.text.padEnd(4 * 1024 * 1024);
    expect(encodeVaultFile(decodeVaultFile(padded))).toBe(vault.text);
    expect(() => decodeVaultFile(`${padded} `)).toThrow('The file is too long for a vault.');
  });

  it('is accepted with the blanks and line ends of another program, and always has the same content', () => {
    const { text } = vault;
    for (const other of [
      text.trimEnd(),
      ` ${text}`,
      `\uFEFF${text}`,
      text.replaceAll('\n', '\r\n'),
      JSON.stringify(JSON.parse(text), undefined, 2).replaceAll('\n', '\r\n'),
      // A mail program breaks long lines.
      text.replaceAll(/.{76}/g, '$&\r\n'),
    ]) {
      expect(encodeVaultFile(decodeVaultFile(other))).toBe(text);
    }
  });

  it('whose end is missing is refused as incomplete', () => {
    for (const length of [1, 100, vault.text.length - 2]) {
      expect(() => decodeVaultFile(vault.text.slice(0, length))).toThrow(/^This file is cut short\./);
    }
  });

  it('is refused with other members', () => {
    const { text } = vault;
    for (const other of [
      text.replace('{"header"', '{"note":"","header"'),
      text.replace('"sealed":"', '"sealed":"="'),
      text.replace('{"header"', '{"sealed":"A","header"').replace(/"sealed":"[^"]*"\}/, '"seal":"A"}'),
    ]) {
      expect(() => decodeVaultFile(other)).toThrow(expect.objectContaining({ code: 'vault-malformed' }));
    }
  });

  it('leaves no key in its buffer after the wipe', async () => {
    const { header, sealed } = await verify(file);
    const key = await quickKey(Buffer.from(vault.passphrase), fromBase64url(header.argon2id.salt), header.argon2id);
    const secrets = openVaultSecrets(sealed, vaultName(header), key);
    const buffer = new Uint8Array(secrets.dataKey.buffer);
    wipeVaultSecrets(secrets);
    for (const { key: each } of [...secrets.applicationKeys, ...secrets.deviceKeys]) expect(isZero(each)).toBe(true);
    for (const secret of [T, TA]) expect(Buffer.from(buffer).includes(Buffer.from(secret))).toBe(false);
    expect(isZero(buffer.subarray(0, 64))).toBe(true);
  });
});
