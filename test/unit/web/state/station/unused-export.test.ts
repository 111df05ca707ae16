// An export is unused if its answer was lost or its DATA was not sent to the unit. The next load of
// the same key repeats the request of an unused export, so that the AS makes only one export.
import { describe, expect, it } from 'vitest';
import { ProtocolError, type SourceErrorCode } from '#protocol/errors.ts';
import type { ExportRequest } from '#protocol/provisioning/key-source.ts';
import { laneMessage } from '#web/ui/messages/lane.ts';
import { attached, cable, createBench, load } from './station-fixture.ts';

/**
 * Creates a lane whose load failed: the AS received the export request, but its answer was lost and
 * the request failed with `code`. Later answers are not lost.
 */
async function losing(code: SourceErrorCode) {
  const bench = await createBench();
  await bench.session.signIn('token');
  const requests: ExportRequest[] = [];
  const lost = { code: code as SourceErrorCode | undefined };
  const { exportKey } = bench.account;
  bench.account.exportKey = async (request) => {
    requests.push(request);
    const exported = await exportKey(request);
    if (lost.code !== undefined) throw new ProtocolError(lost.code, 'the answer was lost');
    return exported;
  };
  const wire = cable();
  const lane = await attached(bench, wire);
  await load(lane, 1);
  lost.code = undefined;
  return { bench, wire, lane, requests };
}

const numbers = (requests: readonly ExportRequest[]): number =>
  new Set(requests.map((each) => each.idempotencyKey)).size;

describe('an export whose answer was lost', () => {
  it.each([
    ...(['gateway-failed', 'service-unreachable', 'service-timeout', 'not-the-as'] as const),
    ...(['too-many-requests', 'service-failed', 'service-nonsense'] as const),
  ])('after %s is sent again unchanged, and the unit gets its key', async (code) => {
    const { bench, lane, requests } = await losing(code);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code } });
    await lane.loadAgain();
    expect(lane.phase.is).toBe('done');
    expect(requests).toHaveLength(2);
    expect(requests[1]).toBe(requests[0]);
    const attempts = await bench.journal.list(9);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
    expect(new Set(attempts.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it.each(['signed-out', 'not-signed-in'] as const)(
    'after %s is sent again unchanged when the operator has signed in again',
    async (code) => {
      const { bench, lane, requests } = await losing(code);
      bench.session.signOut();
      await bench.session.signIn('token');
      await lane.retry();
      await load(lane, 1);
      expect(lane.phase.is).toBe('done');
      expect(requests[1]).toBe(requests[0]);
    },
  );

  it('is not sent again after the unit was plugged in again, because its challenge is no longer valid', async () => {
    const { wire, lane, requests } = await losing('gateway-failed');
    wire.cut = { ins: 0xca, when: 'before' };
    await lane.close();
    wire.cut = undefined;
    await lane.loadAgain();
    expect(lane.phase.is).toBe('done');
    expect(numbers(requests)).toBe(2);
  });

  it('is not sent again for another key or for another operator', async () => {
    const { lane, requests } = await losing('gateway-failed');
    await lane.retry();
    await load(lane, 3);
    expect(lane.phase.is).toBe('done');
    expect(numbers(requests)).toBe(2);
  });

  it('is not sent again after the AS has refused it', async () => {
    const { lane, requests } = await losing('unit-quota-used');
    await lane.loadAgain();
    expect(numbers(requests)).toBe(2);
  });
});

describe('an export that was answered before the load ended', () => {
  /** Starts a load and stops it, as the operator can, while the AS answers. */
  async function stopped() {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    const requests: ExportRequest[] = [];
    const { exportKey } = bench.account;
    bench.account.exportKey = async (request) => {
      requests.push(request);
      const exported = await exportKey(request);
      if (requests.length === 1) lane.stop();
      return exported;
    };
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'cancelled' } });
    expect(wire.commands).not.toContain(0xd8);
    await lane.retry();
    return { bench, wire, lane, requests };
  }

  it('is sent again unchanged, and the unit gets its key', async () => {
    const { bench, lane, requests } = await stopped();
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
    expect(requests[1]).toBe(requests[0]);
    expect((await bench.journal.list(9)).map(({ outcome }) => outcome)).toEqual(['done', 'failed']);
  });

  it('is not sent again after the unit was plugged in again or has got another challenge', async () => {
    const unplugged = await stopped();
    await unplugged.lane.close();
    await unplugged.lane.retry();
    await load(unplugged.lane, 1);
    expect(unplugged.lane.phase.is).toBe('done');
    expect(numbers(unplugged.requests)).toBe(2);

    const { lane, requests } = await stopped();
    lane.choice.chooseKey(1);
    const { chosen } = lane.choice;
    if (!chosen) throw new TypeError('nothing is chosen');
    expect(await lane.rehearse(chosen, null)).toBeUndefined();
    await load(lane, 1);
    expect(lane.phase.is).toBe('done');
    expect(numbers(requests)).toBe(2);
  });

  it('is not sent again after the unit got its DATA', async () => {
    const { wire, lane, requests } = await stopped();
    wire.lie = { ins: 0xd8, statusWord: 0x6988 };
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { statusWord: 0x6988 } });
    wire.lie = undefined;
    await lane.retry();
    await load(lane, 3);
    expect(lane.phase.is).toBe('done');
    expect(numbers(requests)).toBe(2);
  });

  it('is not sent again when the AS has answered another request', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const lane = await attached(bench);
    const { exportKey } = bench.account;
    const requests: ExportRequest[] = [];
    bench.account.exportKey = async (request) => {
      requests.push(request);
      return await exportKey(requests.length === 1 ? { ...request, ref1: 3 } : request);
    };
    await load(lane, 1);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'service-nonsense' } });
    await lane.loadAgain();
    expect(lane.phase.is).toBe('done');
    expect(numbers(requests)).toBe(2);
  });
});

describe('a lane that waits for the AS', () => {
  it('shows when the request is sent again, and stops on demand', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const said: string[] = [];
    const lane = await attached(bench);
    const { account } = bench;
    account.watched = ({ onWait, signal }) => ({
      ...account,
      exportKey: () =>
        new Promise((_, reject) => {
          onWait({ seconds: 4, next: 3, tries: 5 });
          said.push(laneMessage(lane, 'linux').sentence);
          signal.addEventListener('abort', () => reject(new ProtocolError('cancelled', 'stopped')));
          lane.stop();
        }),
    });
    await load(lane, 1);
    expect(said).toEqual(['The AS does not answer. The page repeats the request in 4 s, try 3 of 5.']);
    expect(lane.phase).toMatchObject({ is: 'failed', failure: { code: 'cancelled' } });
  });
});
