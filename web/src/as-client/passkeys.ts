// Passkeys of the browser (WebAuthn Level 3 with its PRF extension) as keepers of a secret: made for one vault, and asked again for the same
// 32 octets. Is handed navigator.credentials and the page's address. No signature of a passkey is looked at: what its PRF gives either opens the vault or not.
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { ProtocolError } from '#protocol/errors.ts';

/** Which passkey, and what its PRF is asked with. */
export interface Passkey {
  readonly credential: Uint8Array;
  /** 32 bytes. */
  readonly salt: Uint8Array;
}

export interface NewPasskey extends Passkey {
  /** What the PRF gives, 32 bytes, which the caller wipes. */
  readonly output: Bytes;
}

/** Why no passkey can be made here: a page at an IP address has none, and not every browser has the PRF. */
export type PasskeyBar = 'address' | 'browser';

/** The dialog closes itself after this. */
const LIMIT_MS = 120_000;
/** COSE: ES256 and RS256, one of which every authenticator has. */
const ALGORITHMS = [-7, -257];
const PRF_LENGTH = 32;
/** The operator stopped it, did not prove to be himself, or the passkey is not here: which of them, a browser does not say. */
const REFUSALS: ReadonlySet<string> = new Set(['NotAllowedError', 'AbortError', 'InvalidStateError']);

export class Passkeys {
  readonly #credentials: CredentialsContainer | undefined;
  readonly #hostname: string;

  constructor(credentials: CredentialsContainer | undefined, hostname: string) {
    this.#credentials = credentials;
    this.#hostname = hostname;
  }

  /** Undefined where one can be made, as far as the browser says before it is tried. */
  async bar(): Promise<PasskeyBar | undefined> {
    if (this.#credentials === undefined || typeof PublicKeyCredential === 'undefined') return 'browser';
    const { getClientCapabilities } = PublicKeyCredential as Partial<typeof PublicKeyCredential>;
    const capabilities = await getClientCapabilities?.call(PublicKeyCredential);
    if (capabilities?.['extension:prf'] === false) return 'browser';
    return /^[\d.]+$|:/.test(this.#hostname) ? 'address' : undefined;
  }

  /**
   * Opens the browser's dialog; needs a click or a key. `id` is the vault's, 16 bytes: what holds passkeys keeps one for each, so the next takes the
   * place of the last. `name` is how the operator finds it again.
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
    // Some authenticators give nothing before they are asked a second time.
    return { ...passkey, output: output ?? (await this.ask(passkey)) };
  }

  /** 32 bytes, which the caller wipes. Opens the browser's dialog. @throws ProtocolError passkey-refused, passkey-unsupported */
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
