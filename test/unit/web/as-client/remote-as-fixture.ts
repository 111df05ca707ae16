// A RemoteAs in front of a service in memory, with deadlines that a test can wait for.
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';
import { BASE_URL, FakeAs, MemoryTrust, TOKEN } from './fake-as.ts';

export const REQUEST: ExportRequest = {
  set: 0xba7c,
  tkv: 1,
  suite: 1,
  sign: false,
  ref1: 7,
  ref2: 2,
  sn: new Uint8Array(16).fill(0xab),
  random: new Uint8Array(16).fill(1),
  challengeMac: new Uint8Array(16).fill(2),
  idempotencyKey: 'AAAAAAAAAAAAAAAAAAAAAA',
};

export interface Bench {
  readonly service: FakeAs;
  readonly trust: MemoryTrust;
  readonly as: RemoteAs;
}

export function bench(trust = new MemoryTrust(), service = new FakeAs()): Bench {
  const { subtle } = globalThis.crypto;
  const options = { fetch: service.fetch, baseUrl: BASE_URL, subtle, trust, deadlineMs: 50, retryPausesMs: [0, 0] };
  return { service, trust, as: new RemoteAs(options) };
}

export async function signedIn(trust?: MemoryTrust, service?: FakeAs): Promise<Bench> {
  const made = bench(trust, service);
  await made.as.signIn(TOKEN);
  return made;
}

export const offline = (): Promise<never> => Promise.reject(new TypeError('fetch failed'));

/** Answers never, but ends with its signal as fetch does. */
export const hangs = ({ init }: { init: RequestInit }): Promise<never> =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
  });
