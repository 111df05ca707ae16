// Entry point of the vault's worker, which contains the keys of an unlocked vault (docs/adr/0027).
// Its Content-Security-Policy forbids every connection.
import { VaultStore } from '../vault-store/vault-store.ts';
import { derivePasswordKey } from './argon2.ts';
import type { RequestMessage } from './messages.ts';
import { VaultServer } from './server.ts';

const page = self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void };
/** Time of the AS minus time of this computer when the vault was unlocked, in milliseconds. */
const offsetMs = Number(self.name) || 0;
const options = VaultStore.open(indexedDB).then((store) => ({
  store,
  subtle: crypto.subtle,
  deriveKey: derivePasswordKey,
  now: () => new Date(Date.now() + offsetMs),
}));
options.catch(() => undefined); // the unlock request reports the error
const server = new VaultServer(page, options);
addEventListener('message', ({ data }: MessageEvent<RequestMessage>) => void server.handle(data));
