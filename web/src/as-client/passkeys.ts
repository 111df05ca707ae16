// Creates and uses passkeys of the browser, one per vault (WebAuthn Level 3 with the PRF
// extension). For the same input, the PRF of a passkey always returns the same 32 bytes. The
// signature of a passkey is not verified, because only the right PRF output unlocks the vault.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';

/** A passkey and the input of its PRF. */
export interface Passkey {
  readonly credential: Uint8Array;
  /** 32 bytes. */
  readonly salt: Uint8Array;
}

export interface NewPasskey extends Passkey {
  /** Output of the PRF, 32 bytes. The caller wipes it. */
  readonly output: Bytes;
}

/**
 * Why no passkey can be created. `address`: the host of the page is an IP address. `browser`: the
 * browser has no passkeys or no PRF.
 */
export type PasskeyBar = 'address' | 'browser';

/** Timeout of the browser's dialog. */
const TIMEOUT_MS = 120_000;
/** COSE identifiers of ES256 and RS256. Every authenticator supports one of them. */
const ALGORITHMS = [-7, -257];
const PRF_LENGTH = 32;
/**
 * Names of the exceptions that a browser throws if the operator cancelled or failed the
 * verification, or has no matching passkey. Browsers do not report which of these it was.
 */
const REFUSALS: ReadonlySet<string> = new Set(['NotAllowedError', 'AbortError', 'InvalidStateError']);

export class Passkeys {
  readonly #credentials: CredentialsContainer | undefined;
  readonly #hostname: string;

  constructor(credentials: CredentialsContainer | undefined, hostname: string) {
    this.#credentials = credentials;
    this.#hostname = hostname;
  }

  /** Returns why no passkey can be created; undefined if the browser reports no obstacle. */
  async bar(): Promise<PasskeyBar | undefined> {
    if (this.#credentials === undefined || typeof PublicKeyCredential === 'undefined') return 'browser';
    const { getClientCapabilities } = PublicKeyCredential as Partial<typeof PublicKeyCredential>;
    const capabilities = await getClientCapabilities?.call(PublicKeyCredential);
    if (capabilities?.['extension:prf'] === false) return 'browser';
    return /^[\d.]+$|:/.test(this.#hostname) ? 'address' : undefined;
  }

  /**
   * Creates a passkey. Opens the browser's dialog, which needs a user gesture and shows `name`.
   * `id` is the id of the vault, 16 bytes. An authenticator stores one passkey per id, so a new
   * passkey replaces the earlier one.
   * @throws ProtocolError passkey-refused, passkey-unsupported
   */
  async create({ id, name }: { readonly id: Uint8Array; readonly name: string }): Promise<NewPasskey> {
    const salt = randomBytes(32);
    const credential = await this.#translated((credentials) =>
      credentials.create({
        publicKey: {
          challenge: randomBytes(32),
          rp: { name: 'Keyferry' },
          user: { id: new Uint8Array(id), name, displayName: name },
          pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
          authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
          attestation: 'none',
          timeout: TIMEOUT_MS,
          extensions: { prf: { eval: { first: salt } } },
        },
      }),
    );
    const passkey = { credential: new Uint8Array(credential.rawId), salt };
    const { prf } = credential.getClientExtensionResults();
    if (prf?.enabled !== true) throw unsupported();
    const output = bytesOf(prf);
    // Some authenticators return no PRF output when a passkey is created, only when it is used.
    return { ...passkey, output: output ?? (await this.ask(passkey)) };
  }

  /**
   * Returns the output of the PRF, 32 bytes. The caller wipes it. Opens the browser's dialog, which
   * needs a user gesture.
   * @throws ProtocolError passkey-refused, passkey-unsupported
   */
  async ask({ credential, salt }: Passkey): Promise<Bytes> {
    const asserted = await this.#translated((credentials) =>
      credentials.get({
        publicKey: {
          challenge: randomBytes(32),
          allowCredentials: [{ type: 'public-key', id: new Uint8Array(credential) }],
          userVerification: 'required',
          timeout: TIMEOUT_MS,
          extensions: { prf: { eval: { first: new Uint8Array(salt) } } },
        },
      }),
    );
    const output = bytesOf(asserted.getClientExtensionResults().prf);
    if (output === undefined) throw unsupported();
    return output;
  }

  async #translated(
    ask: (credentials: CredentialsContainer) => Promise<Credential | null>,
  ): Promise<PublicKeyCredential> {
    if (this.#credentials === undefined) throw unsupported();
    try {
      const credential = await ask(this.#credentials);
      if (credential === null) throw new ProtocolError('passkey-refused', 'the browser returned no passkey');
      return credential as PublicKeyCredential;
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const code = REFUSALS.has(cause.name) ? 'passkey-refused' : 'passkey-unsupported';
      throw new ProtocolError(code, `${cause.name}: ${cause.message}`, { cause });
    }
  }
}

function bytesOf(prf: AuthenticationExtensionsPRFOutputs | undefined): Bytes | undefined {
  const first = prf?.results?.first;
  if (!(first instanceof ArrayBuffer) || first.byteLength !== PRF_LENGTH) return undefined;
  return new Uint8Array(first);
}

function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

function unsupported(): ProtocolError {
  return new ProtocolError('passkey-unsupported', 'the browser or the authenticator has no PRF');
}
