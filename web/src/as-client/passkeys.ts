// Creates a passkey for one vault and gets the same 32-byte secret from it at each unlock (WebAuthn
// Level 3, PRF extension). Does not verify the signature of the passkey: a wrong secret does not
// open the vault.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';

/** The ID of a passkey and the input of its PRF. */
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
 * Why no passkey can be created: the page is at an IP address, or the browser has no PRF extension.
 */
export type PasskeyBar = 'address' | 'browser';

/** Time limit of the browser's dialog. */
const LIMIT_MS = 120_000;
/** COSE: ES256 and RS256. Every authenticator has at least one. */
const ALGORITHMS = [-7, -257];
const PRF_LENGTH = 32;
/**
 * The operator cancelled, user verification failed, or the passkey is not on this computer.
 * Browsers do not report which.
 */
const REFUSALS: ReadonlySet<string> = new Set(['NotAllowedError', 'AbortError', 'InvalidStateError']);

export class Passkeys {
  readonly #credentials: CredentialsContainer | undefined;
  readonly #hostname: string;

  constructor(credentials: CredentialsContainer | undefined, hostname: string) {
    this.#credentials = credentials;
    this.#hostname = hostname;
  }

  /** Returns undefined if a passkey can be created, as far as the browser reports it in advance. */
  async bar(): Promise<PasskeyBar | undefined> {
    if (this.#credentials === undefined || typeof PublicKeyCredential === 'undefined') return 'browser';
    const { getClientCapabilities } = PublicKeyCredential as Partial<typeof PublicKeyCredential>;
    const capabilities = await getClientCapabilities?.call(PublicKeyCredential);
    if (capabilities?.['extension:prf'] === false) return 'browser';
    return /^[\d.]+$|:/.test(this.#hostname) ? 'address' : undefined;
  }

  /**
   * Opens the browser's dialog, which requires a user gesture. `id` is the ID of the vault, 16
   * bytes. An authenticator stores one passkey per `id`, so a new passkey replaces the last one of
   * the vault. The browser shows `name` to the operator.
   * @throws ProtocolError passkey-refused, passkey-unsupported
   */
  async create({ id, name }: { readonly id: Uint8Array; readonly name: string }): Promise<NewPasskey> {
    const salt = randomOctets(32);
    const credential = await this.#explained((credentials) =>
      credentials.create({
        publicKey: {
          challenge: randomOctets(32),
          rp: { name: 'Keyferry' },
          user: { id: new Uint8Array(id), name, displayName: name },
          pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
          authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
          attestation: 'none',
          timeout: LIMIT_MS,
          extensions: { prf: { eval: { first: salt } } },
        },
      }),
    );
    const passkey = { credential: new Uint8Array(credential.rawId), salt };
    const { prf } = credential.getClientExtensionResults();
    if (prf?.enabled !== true) throw unsupported();
    const output = octetsOf(prf);
    // Some authenticators return no PRF output at creation, only at the first use.
    return { ...passkey, output: output ?? (await this.ask(passkey)) };
  }

  /**
   * Opens the browser's dialog. Returns the PRF output, 32 bytes, which the caller wipes.
   * @throws ProtocolError passkey-refused, passkey-unsupported
   */
  async ask({ credential, salt }: Passkey): Promise<Bytes> {
    const asserted = await this.#explained((credentials) =>
      credentials.get({
        publicKey: {
          challenge: randomOctets(32),
          allowCredentials: [{ type: 'public-key', id: new Uint8Array(credential) }],
          userVerification: 'required',
          timeout: LIMIT_MS,
          extensions: { prf: { eval: { first: new Uint8Array(salt) } } },
        },
      }),
    );
    const output = octetsOf(asserted.getClientExtensionResults().prf);
    if (output === undefined) throw unsupported();
    return output;
  }

  async #explained(
    ask: (credentials: CredentialsContainer) => Promise<Credential | null>,
  ): Promise<PublicKeyCredential> {
    if (this.#credentials === undefined) throw unsupported();
    try {
      const credential = await ask(this.#credentials);
      if (credential === null) throw new ProtocolError('passkey-refused', 'the browser gave no passkey');
      return credential as PublicKeyCredential;
    } catch (cause) {
      if (!(cause instanceof DOMException)) throw cause;
      const code = REFUSALS.has(cause.name) ? 'passkey-refused' : 'passkey-unsupported';
      throw new ProtocolError(code, `${cause.name}: ${cause.message}`, { cause });
    }
  }
}

function octetsOf(prf: AuthenticationExtensionsPRFOutputs | undefined): Bytes | undefined {
  const first = prf?.results?.first;
  if (!(first instanceof ArrayBuffer) || first.byteLength !== PRF_LENGTH) return undefined;
  return new Uint8Array(first);
}

function randomOctets(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

function unsupported(): ProtocolError {
  return new ProtocolError('passkey-unsupported', 'no PRF in this browser, or in what holds the passkey');
}
