// Entry point of the vault's worker, which contains the keys of an unlocked vault (docs/adr/0027).
// Its Content-Security-Policy forbids every connection.
import { withPrefix } from '../journal/indexed-db.ts';
import { VaultStore } from '../vault-store/vault-store.ts';
import { derivePasswordKey } from './argon2.ts';
import type { RequestMessage } from './messages.ts';
import { VaultServer } from './server.ts';

const page = self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void };
/**
 * The worker's name contains two values. `offset` is the time of the AS minus the time of this
 * computer when the vault was unlocked, in milliseconds. `prefix` begins the names of the
 * databases.
 */
const [offset, prefix = ''] = self.name.split(' ');
const offsetMs = Number(offset) || 0;
const options = VaultStore.open(withPrefix(indexedDB, prefix)).then((store) => ({
  store,
  subtle: crypto.subtle,
  deriveKey: derivePasswordKey,
  now: () => new Date(Date.now() + offsetMs),
}));
options.catch(() => undefined); // the unlock request reports the error
const server = new VaultServer(page, options);
addEventListener('message', ({ data }: MessageEvent<RequestMessage>) => void server.handle(data));
