// The page's calls of the browser's passkey functions, and how the page handles each result. The
// browser itself is tested in test/e2e/passkey.spec.ts.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Passkeys } from '#web/as-client/passkeys.ts';

const OUTPUT = new Uint8Array(32).fill(7);
const USER = { id: new Uint8Array(16).fill(4), name: 'Vault 0007' };
const code = (expected: string) => expect.objectContaining({ code: expected });

interface Answers {
  readonly create?: AuthenticationExtensionsClientOutputs | Error | null;
  readonly get?: AuthenticationExtensionsClientOutputs | Error | null;
}

/** Fakes navigator.credentials with these results, and records the options of each call. */
function browser({ create = null, get = null }: Answers = {}) {
  const asked: (CredentialCreationOptions | CredentialRequestOptions)[] = [];
  const answer = async (options: CredentialCreationOptions | CredentialRequestOptions, given: Answers['get']) => {
    asked.push(options);
    if (given instanceof Error) throw given;
    return given && { rawId: Uint8Array.of(1, 2, 3).buffer, getClientExtensionResults: () => given };
  };
  const credentials = {
    create: (options: CredentialCreationOptions) => answer(options, create),
    get: (options: CredentialRequestOptions) => answer(options, get),
  } as unknown as CredentialsContainer;
  return { passkeys: new Passkeys(credentials, 'as.example'), asked };
}

const results = { prf: { enabled: true, results: { first: OUTPUT.slice().buffer } } };
const passkey = { credential: Uint8Array.of(1, 2, 3), salt: new Uint8Array(32).fill(9) };

describe('a passkey', () => {
  it('is created for the id of its vault, with user verification and its own salt, and returns 32 bytes', async () => {
    const { passkeys, asked } = browser({ create: results });
    const one = await passkeys.create(USER);
    const other = await passkeys.create(USER);
    expect(one).toMatchObject({ credential: Uint8Array.of(1, 2, 3), output: OUTPUT });
    expect(one.salt).toHaveLength(32);
    expect(one.salt).not.toEqual(other.salt);
    expect(asked[0]).toMatchObject({
      publicKey: {
        authenticatorSelection: { userVerification: 'required' },
        extensions: { prf: { eval: { first: one.salt } } },
        user: USER,
      },
    });
  });

  it('is used immediately if its creation returns no PRF output', async () => {
    const { passkeys, asked } = browser({ create: { prf: { enabled: true } }, get: results });
    expect((await passkeys.create(USER)).output).toEqual(OUTPUT);
    expect(asked).toHaveLength(2);
  });

  it('is used by its id, with its salt and with user verification', async () => {
    const { passkeys, asked } = browser({ get: results });
    expect(await passkeys.ask(passkey)).toEqual(OUTPUT);
    expect(asked[0]).toMatchObject({
      publicKey: {
        allowCredentials: [{ id: passkey.credential }],
        userVerification: 'required',
        extensions: { prf: { eval: { first: passkey.salt } } },
      },
    });
  });

  it.each([
    ['without a PRF', { prf: { enabled: false } }],
    ['of a browser without PRFs', {}],
  ])('%s is rejected as unsupported', async (_what, create) => {
    await expect(browser({ create }).passkeys.create(USER)).rejects.toEqual(code('passkey-unsupported'));
  });

  it.each([
    ['nothing', {}],
    ['fewer bytes', { prf: { results: { first: new ArrayBuffer(16) } } }],
  ])('that returns %s is rejected as unsupported', async (_what, get) => {
    await expect(browser({ get }).passkeys.ask(passkey)).rejects.toEqual(code('passkey-unsupported'));
  });

  it.each([
    ['NotAllowedError', 'passkey-refused'],
    ['AbortError', 'passkey-refused'],
    ['InvalidStateError', 'passkey-refused'],
    ['NotSupportedError', 'passkey-unsupported'],
    ['SecurityError', 'passkey-unsupported'],
    ['ConstraintError', 'passkey-unsupported'],
  ])('fails for the exception %s of the browser with the code %s', async (name, expected) => {
    const failure = new DOMException('the browser says no', name);
    const { passkeys } = browser({ create: failure, get: failure });
    await expect(passkeys.create(USER)).rejects.toEqual(code(expected));
    await expect(passkeys.ask(passkey)).rejects.toEqual(code(expected));
  });

  it('that the browser does not return is a refusal, but a program error is rethrown', async () => {
    await expect(browser().passkeys.ask(passkey)).rejects.toEqual(code('passkey-refused'));
    await expect(browser({ get: new TypeError('a bug') }).passkeys.ask(passkey)).rejects.toThrow(TypeError);
  });
});

describe('whether a passkey can be created', () => {
  afterEach(() => void vi.unstubAllGlobals());

  const barAt = (hostname: string, capabilities?: Record<string, boolean>) => {
    vi.stubGlobal('PublicKeyCredential', capabilities && { getClientCapabilities: async () => capabilities });
    return new Passkeys({} as CredentialsContainer, hostname).bar();
  };

  it('is reported by the browser', async () => {
    expect(await barAt('localhost', { 'extension:prf': true })).toBeUndefined();
    expect(await barAt('as.example', { 'extension:prf': false })).toBe('browser');
    expect(await barAt('as.example', undefined)).toBe('browser');
  });

  it('is yes if the browser does not report it', async () => {
    vi.stubGlobal('PublicKeyCredential', {});
    expect(await new Passkeys({} as CredentialsContainer, 'as.example').bar()).toBeUndefined();
  });

  it.each(['127.0.0.1', '10.0.0.7', '[::1]'])('is no at the IP address %s', async (hostname) => {
    expect(await barAt(hostname, { 'extension:prf': true })).toBe('address');
  });

  it('is no in a browser without credentials', async () => {
    expect(await new Passkeys(undefined, 'as.example').bar()).toBe('browser');
  });
});
