// The signed statement of a release: the SHA-256 of every file of one build (docs/release.md). An
// in-toto Statement v1 with the predicate "release", in a DSSE envelope. This envelope has padded
// base64, because programs that read such files expect it. Other envelopes have base64url.
import * as v from 'valibot';
import { equalBytes } from '../bytes/bytes.ts';
import { fromBase64url, toBase64url, utf8 } from '../bytes/text.ts';
import { FileError, IntegrityError, ProtocolError } from '../errors.ts';
import { parseJson } from '../json/document.ts';
import { envelopeOf } from '../json/envelope.ts';
import { bytes, list, read, text } from '../json/schema.ts';
import { type Envelope, openEnvelope, type Signer, sealEnvelope, type Verify } from '../signing/envelope.ts';
import { t } from '../text/message.ts';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://in-toto.io/attestation/release/v0.2';
const PURL = 'pkg:generic/keyferry@';
/** Maximum length in characters. The statement of a release with 500 files has about 100,000. */
const MAX_LENGTH = 1 << 21;
const MAX_FILES = 5000;

/** A release: the files of one build and the key that signed their list. */
export interface Release {
  readonly version: string;
  /** Commit of the sources, 40 hex digits; undefined for a build from changed sources. */
  readonly commit?: string | undefined;
  /** SHA-256 in lower-case hex, by the path in the folder of the release: "app/index.html". */
  readonly files: ReadonlyMap<string, string>;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
}

const base64 = (pattern: RegExp) => text(pattern, 'base64');
const fileSchema = envelopeOf(base64(/^[\w+/-]+={0,2}$/), base64(/^[\w+/-]{86}(==)?$/));

/** Members that the schema does not name are ignored, as in-toto requires. */
const statementSchema = v.object({
  _type: v.picklist([STATEMENT_TYPE]),
  subject: list(
    v.object({
      name: text(/^[\w@+-][\w.@+-]*(\/[\w@+-][\w.@+-]*)*$/, 'the path of a file'),
      digest: v.object({ sha256: text(/^[\da-f]{64}$/, 'a SHA-256 in lower-case hex') }),
    }),
    1,
    MAX_FILES,
  ),
  predicateType: v.picklist([PREDICATE_TYPE]),
  predicate: v.object({
    purl: text(/^pkg:generic\/keyferry@[\w.+-]{1,40}$/, 'the purl of a release'),
    /** The key of the signature. The reader compares it with the key of the publisher. */
    keyferry_publicKey: bytes(32),
    keyferry_commit: v.exactOptional(text(/^[\da-f]{40}$/, 'a commit')),
  }),
});

/** Signs a statement. The same release and key give the same text. */
export async function encodeRelease(release: Omit<Release, 'publicKey'>, signer: Signer): Promise<string> {
  const statement = {
    _type: STATEMENT_TYPE,
    subject: [...release.files].map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: PREDICATE_TYPE,
    predicate: {
      purl: PURL + release.version,
      keyferry_publicKey: toBase64url(signer.publicKey),
      ...(release.commit === undefined ? {} : { keyferry_commit: release.commit }),
    },
  };
  const { payloadType, payload, signatures } = await sealEnvelope(
    PAYLOAD_TYPE,
    utf8(JSON.stringify(statement)),
    signer,
  );
  const [{ keyid, sig }] = signatures;
  return `${JSON.stringify({ payloadType, payload: padded(payload), signatures: [{ keyid, sig: padded(sig) }] })}\n`;
}

/**
 * Verifies a statement with `key`, the public key of the publisher. Without `key`, uses the key in
 * the statement. The reader must then compare that key with the key of the publisher.
 * @throws FileError for another file, a changed statement, or a statement signed with another key
 */
export async function openRelease(source: string, verify: Verify, key?: Uint8Array): Promise<Release> {
  const envelope = readFile(source);
  const release = readStatement(envelope);
  if (key !== undefined && !equalBytes(key, release.publicKey)) {
    throw new FileError(
      t`Another key signed this statement.`,
      t`Compare the key with the one that the publisher of the release gives`,
    );
  }
  try {
    await openEnvelope(envelope, PAYLOAD_TYPE, release.publicKey, verify);
    return release;
  } catch (cause) {
    if (!(cause instanceof IntegrityError)) throw cause;
    throw new FileError(
      t`This statement was changed after it was signed.`,
      t`Get the release from its publisher again`,
      {
        cause,
      },
    );
  }
}

function readFile(source: string): Envelope {
  if (source.length > MAX_LENGTH) throw notStatement();
  const { payloadType, payload, signatures } = orRefused(() =>
    read(fileSchema, parseJson(source, 'the file'), 'the file', 'file-refused'),
  );
  const [{ keyid, sig }] = signatures;
  return { payloadType, payload: unpadded(payload), signatures: [{ keyid, sig: unpadded(sig) }] };
}

/**
 * Reads the statement. Called before its signature is verified, because the statement contains the
 * key for that.
 */
function readStatement({ payload }: Envelope): Release {
  const { subject, predicate } = orRefused(() =>
    read(statementSchema, parseJson(fromBase64url(payload), 'the statement'), 'the statement', 'file-refused'),
  );
  const files = new Map(subject.map(({ name, digest }) => [name, digest.sha256]));
  if (files.size !== subject.length) throw notStatement();
  return {
    version: predicate.purl.slice(PURL.length),
    commit: predicate.keyferry_commit,
    files,
    publicKey: fromBase64url(predicate.keyferry_publicKey),
  };
}

/** Translates every error of a malformed file, except one that says that the file is cut short. */
function orRefused<T>(action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    if (cause instanceof ProtocolError || cause instanceof SyntaxError) throw notStatement(cause);
    throw cause;
  }
}

function notStatement(cause?: unknown): FileError {
  return new FileError(t`This file is not the statement of a release.`, t`Choose the file release.json of a release`, {
    cause,
  });
}

/** Converts unpadded base64url to padded base64 (RFC 4648 clause 4). */
function padded(base64url: string): string {
  const digits = base64url.replaceAll('-', '+').replaceAll('_', '/');
  return digits.padEnd(Math.ceil(digits.length / 4) * 4, '=');
}

function unpadded(base64Text: string): string {
  return base64Text
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}
