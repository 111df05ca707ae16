// Creates a RemoteAs with a service in memory and short deadlines.
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { RemoteAs } from '#web/as-client/remote-as.ts';
import { ACCESS_CODE, BASE_URL, FakeAs, MemoryTrust } from './fake-as.ts';

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

export interface RemoteSetup {
  readonly service: FakeAs;
  readonly trust: MemoryTrust;
  readonly as: RemoteAs;
}

export function setUp(trust = new MemoryTrust(), service = new FakeAs()): RemoteSetup {
  const { subtle } = globalThis.crypto;
  const options = {
    fetch: service.fetch,
    baseUrl: () => BASE_URL,
    subtle,
    trust,
    deadlineMs: 50,
    retryPausesMs: [0, 0],
  };
  return { service, trust, as: new RemoteAs(options) };
}

export async function signedIn(trust?: MemoryTrust, service?: FakeAs): Promise<RemoteSetup> {
  const made = setUp(trust, service);
  await made.as.signIn(ACCESS_CODE);
  return made;
}

export const offline = (): Promise<never> => Promise.reject(new TypeError('fetch failed'));

/** Never responds, but rejects when the request is aborted, as fetch does. */
export const hangs = ({ init }: { init: RequestInit }): Promise<never> =>
  new Promise((_resolve, reject) => {
    init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
  });
