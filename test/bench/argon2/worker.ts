// The worker of benchmark 6. Runs one key derivation per message, as the vault's worker does, and
// posts the time in ms.
import { argon2id } from '@noble/hashes/argon2.js';
import { VAULT_COST } from '#protocol/vault/passphrase.ts';
import { derivePasswordKey } from '#web/vault-worker/argon2.ts';

const PASSWORD = new TextEncoder().encode('correct horse battery staple');
const SALT = new Uint8Array(16).fill(7);
/** Number of iterations that OWASP recommends for PBKDF2-HMAC-SHA256. */
const PBKDF2_ITERATIONS = 600_000;

const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  ours: () => derivePasswordKey(PASSWORD, SALT, VAULT_COST),
  noble: async () => {
    const { memoryKib: m, passes: t, lanes: p } = VAULT_COST;
    return argon2id(PASSWORD, SALT, { m, t, p, dkLen: 32 });
  },
  pbkdf2: async () => {
    const key = await crypto.subtle.importKey('raw', PASSWORD, 'PBKDF2', false, ['deriveBits']);
    const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: SALT, iterations: PBKDF2_ITERATIONS };
    return await crypto.subtle.deriveBits(algorithm, key, 256);
  },
};

addEventListener('message', ({ data }: MessageEvent<string>) => {
  const began = performance.now();
  void CASES[data]?.().then(() => postMessage(performance.now() - began));
});
