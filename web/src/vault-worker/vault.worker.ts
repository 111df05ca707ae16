// The vault's worker: keys are here and nowhere else, and it may connect to nothing (its own Content-Security-Policy). Composition only.
import { VaultStore } from '../vault-store/vault-store.ts';
import { derivePasswordKey } from './argon2.ts';
import type { Asked } from './messages.ts';
import { VaultServer } from './server.ts';

const port = self as unknown as { postMessage(message: unknown, transfer: Transferable[]): void };
const around = VaultStore.open(indexedDB).then((store) => ({
  store,
  subtle: crypto.subtle,
  deriveKey: derivePasswordKey,
  now: () => new Date(),
}));
around.catch(() => undefined); // told to whoever unlocks
const door = new VaultServer(port, around);
addEventListener('message', ({ data }: MessageEvent<Asked>) => void door.hear(data));
