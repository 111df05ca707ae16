// Opens the signed statement of a release, verifies it by an independent reading of DSSE, and tests
// each refusal.
import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { utf8 } from '#protocol/bytes/text.ts';
import { IntegrityError } from '#protocol/errors.ts';
import { openRelease, type Release } from '#protocol/release/statement.ts';
import { sealEnvelope } from '#protocol/signing/envelope.ts';
import { OTHER_RELEASE_KEY, publicKeyOf, RELEASE_KEY, signRelease } from '#test/support/release.ts';
import { signerOf, verifyEd25519 } from '#test/support/vault.ts';

const DIGEST = 'a1'.repeat(32);
const FILES = new Map([
  ['app/index.html', DIGEST],
  ['service/chunks/as-AbCd_123.js', 'b2'.repeat(32)],
]);
const open = (text: string, key?: Uint8Array): Promise<Release> => openRelease(text, verifyEd25519, key);
const title = (text: string, key?: Uint8Array): Promise<string> =>
  open(text, key).then(
    () => 'accepted',
    (error: { title: string }) => error.title,
  );

interface FileJson {
  readonly payloadType: string;
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

const fileOf = (text: string): FileJson => JSON.parse(text) as FileJson;
const statementIn = (text: string) => JSON.parse(Buffer.from(fileOf(text).payload, 'base64').toString());
/** The file with a changed statement under the old signature. */
function forged(text: string, change: (statement: string) => string): string {
  const payload = Buffer.from(change(JSON.stringify(statementIn(text)))).toString('base64');
  return JSON.stringify({ ...fileOf(text), payload });
}

describe('the statement of a release', () => {
  it('contains version, commit, files and key', async () => {
    const commit = 'c3'.repeat(20);
    const release = await open(await signRelease(FILES, { version: '1.2.3-rc.1', commit }));
    expect(release).toEqual({ version: '1.2.3-rc.1', commit, files: FILES, publicKey: publicKeyOf() });
    expect((await open(await signRelease(FILES))).commit).toBeUndefined();
  });

  it('is the same text for the same release and key', async () => {
    expect(await signRelease(FILES)).toBe(await signRelease(new Map(FILES)));
  });

  it('is an in-toto statement in a DSSE envelope with padded base64', async () => {
    const text = await signRelease(FILES);
    const { payloadType, payload, signatures } = fileOf(text);
    expect(statementIn(text)).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'app/index.html', digest: { sha256: DIGEST } }, { name: 'service/chunks/as-AbCd_123.js' }],
      predicateType: 'https://in-toto.io/attestation/release/v0.2',
      predicate: { purl: 'pkg:generic/keyferry@1.2.3' },
    });
    const body = Buffer.from(payload, 'base64');
    expect(body.toString('base64')).toBe(payload);
    const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
    const x = Buffer.from(publicKeyOf()).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(verify(null, encoded, key, Buffer.from(signatures[0]?.sig ?? '', 'base64'))).toBe(true);
  });

  it('is also read with base64url', async () => {
    const { payload, signatures, payloadType } = fileOf(await signRelease(FILES));
    const url = (text: string): string => Buffer.from(text, 'base64').toString('base64url');
    const changed = signatures.map(({ keyid, sig }) => ({ keyid, sig: url(sig) }));
    expect((await open(JSON.stringify({ payloadType, payload: url(payload), signatures: changed }))).files).toEqual(
      FILES,
    );
  });

  it('may have members that this version does not know', async () => {
    const text = await signRelease(FILES);
    const statement = JSON.stringify({ ...statementIn(text), later: 1 });
    const sealed = await sealEnvelope(fileOf(text).payloadType, utf8(statement), signerOf(RELEASE_KEY));
    expect((await open(JSON.stringify(sealed))).version).toBe('1.2.3');
  });
});

describe('a statement is refused', () => {
  const CHANGED = 'This statement was changed after it was signed.';
  const NONE = 'This file is not the statement of a release.';

  it('if one digit of one file was changed', async () => {
    const text = await signRelease(FILES);
    expect(await title(forged(text, (statement) => statement.replace('a1a1', 'a1a2')))).toBe(CHANGED);
  });

  it('if a file was removed, added or renamed', async () => {
    const text = await signRelease(FILES);
    const [first, ...rest] = statementIn(text).subject as readonly { readonly name: string }[];
    for (const subject of [
      rest,
      [first, ...rest, { ...first, name: 'app/x.js' }],
      [{ ...first, name: 'app/y' }, ...rest],
    ]) {
      expect(await title(forged(text, (each) => JSON.stringify({ ...JSON.parse(each), subject })))).toBe(CHANGED);
    }
  });

  it('if another key signed it than the named one', async () => {
    const text = await signRelease(FILES, { key: OTHER_RELEASE_KEY });
    expect(await title(text, publicKeyOf())).toBe('Another key signed this statement.');
    expect(await title(text, publicKeyOf(OTHER_RELEASE_KEY))).toBe('accepted');
  });

  it('if the key in it was replaced by the named one', async () => {
    const text = await signRelease(FILES, { key: OTHER_RELEASE_KEY });
    const url = (key: Uint8Array): string => Buffer.from(key).toString('base64url');
    const replaced = forged(text, (each) => each.replace(url(publicKeyOf(OTHER_RELEASE_KEY)), url(publicKeyOf())));
    expect(statementIn(replaced).predicate.keyferry_publicKey).toBe(url(publicKeyOf()));
    expect(await title(replaced, publicKeyOf())).toBe(CHANGED);
  });

  it('if its signature or its type was changed', async () => {
    const file = fileOf(await signRelease(FILES));
    const [signature] = file.signatures;
    const sig = (signature?.sig ?? '').replace(/^./, (digit) => (digit === 'A' ? 'B' : 'A'));
    expect(await title(JSON.stringify({ ...file, signatures: [{ ...signature, sig }] }))).toBe(CHANGED);
    expect(await title(JSON.stringify({ ...file, payloadType: 'application/json' }))).toBe(CHANGED);
    expect(await title(JSON.stringify({ ...file, payload: 'A' }))).toBe(NONE);
    for (const payload of [`!${file.payload}`, `${file.payload}===`, `${file.payload}\n`]) {
      expect(await title(JSON.stringify({ ...file, payload }))).toBe(NONE);
    }
    for (const wrong of [`A${signature?.sig}`, `${signature?.sig}A`]) {
      expect(await title(JSON.stringify({ ...file, signatures: [{ ...signature, sig: wrong }] }))).toBe(NONE);
    }
  });

  it.each([
    ['not JSON', 'release'],
    ['another document', '{"format":"keyferry-site-1"}'],
    ['a payload that is not base64', '{"payloadType":"a","payload":"A","signatures":[]}'],
    ['too long', `{"payload":"${'A'.repeat(1 << 21)}"}`],
  ])('if it is %s', async (_what, text) => {
    expect(await title(text)).toBe(NONE);
  });

  it('if it is longer than 2 MiB, or has more than 5000 files', async () => {
    const text = (await signRelease(FILES)).trim();
    expect(await title(text.padEnd(2 ** 21))).toBe('accepted');
    expect(await title(text.padEnd(2 ** 21 + 1))).toBe(NONE);
    const files = Array.from({ length: 5001 }, (_, index) => [`app/${index}`, DIGEST] as const);
    expect(await title(await signRelease(new Map(files.slice(1))))).toBe('accepted');
    expect(await title(await signRelease(new Map(files)))).toBe(NONE);
  });

  it('with the failure that shows the change', async () => {
    const changed = forged(await signRelease(FILES), (each) => each.replace('1.2.3', '1.2.4'));
    await expect(open(changed)).rejects.toMatchObject({ title: CHANGED, cause: expect.any(IntegrityError) });
  });

  it('if a version, a digest or a commit has more characters', async () => {
    const text = await signRelease(FILES);
    const change = (from: string, to: string) => title(forged(text, (each) => each.replace(from, to)));
    const commit = (value: string) => change('"purl":', `"keyferry_commit":"${value}","purl":`);
    expect([await change('@1.2.3', '@1.2.4'), await commit('a'.repeat(40))]).toEqual([CHANGED, CHANGED]);
    for (const wrong of [await change('@1.2.3', '@1.2.3 x'), await change('pkg:', 'xpkg:')]) expect(wrong).toBe(NONE);
    for (const wrong of [await change(DIGEST, `${DIGEST}0`), await change(DIGEST, `0${DIGEST}`)]) {
      expect(wrong).toBe(NONE);
    }
    for (const length of [39, 41]) expect(await commit('a'.repeat(length))).toBe(NONE);
    await expect(open('release')).rejects.toMatchObject({ cause: expect.any(Error) });
  });

  it('not if the verification of the signature itself fails', async () => {
    const bug = new TypeError('a bug');
    await expect(openRelease(await signRelease(FILES), () => Promise.reject(bug))).rejects.toBe(bug);
  });

  it('if it is cut short', async () => {
    expect(await title((await signRelease(FILES)).slice(0, 300))).toBe('This file is cut short.');
  });

  it.each(['../index.html', '/etc/passwd', 'app/../x', 'app//x', '.', 'app/x\ny', 'C:\\x', ''])(
    'if it names the file %j',
    async (name) => {
      expect(await title(await signRelease(new Map([[name, DIGEST]])))).toBe(NONE);
    },
  );

  it('if it names a file twice, no file, or a digest in upper case', async () => {
    const text = await signRelease(FILES);
    const { subject } = statementIn(text) as { readonly subject: readonly object[] };
    const twice = forged(text, (each) => JSON.stringify({ ...JSON.parse(each), subject: [...subject, ...subject] }));
    expect(await title(twice)).toBe(NONE);
    expect(await title(await signRelease(new Map()))).toBe(NONE);
    expect(await title(await signRelease(new Map([['app/x', DIGEST.toUpperCase()]])))).toBe(NONE);
  });
});
