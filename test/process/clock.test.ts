// The service as a process whose clock was ahead at its first start, and is right at the next
// start.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { DEMO_SETS } from '#protocol/demo/demo-sets.ts';
import type { ExportAnswerJson, TrustJson } from '#protocol/service/messages.ts';
import { exportRequest } from '#test/support/as-service.ts';
import { get, post, ServiceProcesses } from '#test/support/service-process.ts';
import { Trust } from '#web/as-client/trust.ts';

const [demo] = DEMO_SETS;
if (demo === undefined) throw new TypeError('no demo set');
const HOUR = 3_600_000;

let processes: ServiceProcesses;
beforeAll(async () => {
  processes = await ServiceProcesses.open();
});
afterEach(() => processes.reset());
afterAll(() => processes.close());

const ahead = (ms: number) => ({ preload: 'clock', variables: { KF_CLOCK_OFFSET: String(ms) } }) as const;

/** Makes an export, and verifies its signed audit head as a page does. */
async function exportLikeAPage(service: Awaited<ReturnType<ServiceProcesses['start']>>): Promise<void> {
  const request = exportRequest({ set: demo?.set ?? 0, ref1: 0x0101, ref2: 1 }, demo?.publishedTransportKey);
  const { auditHead } = (await (await post(service, '/v1/exports', request)).json()) as ExportAnswerJson;
  const trust = await Trust.from((await (await get(service, '/v1/trust')).json()) as TrustJson, isSignedBy);
  await trust.openAuditHead(auditHead);
}

describe('a clock that was ahead at the first start', () => {
  it('by 2 hours leads to a warning at the next start, whose answers are accepted', async () => {
    await processes.stop(await processes.start(ahead(2 * HOUR)));
    const service = await processes.start();
    expect(service.output()).toMatch(/The clock of this machine says .*Z\.\nThe newest entry of the audit log is of/);
    await exportLikeAPage(service);
  }, 60_000);

  it('by 10 years makes the next start fail, until an administrator accepts the clock once', async () => {
    await processes.stop(await processes.start(ahead(10 * 366 * 24 * HOUR)));
    await expect(processes.start()).rejects.toThrow(
      /clock of this machine says.*start the service once with --accept-clock/,
    );
    const accepted = await processes.start({ args: ['--demo', '--accept-clock'] });
    await exportLikeAPage(accepted);
    await processes.stop(accepted);
    await exportLikeAPage(await processes.start());
  }, 60_000);
});
