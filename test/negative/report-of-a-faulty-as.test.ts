// Reports that are wrong although the AS has signed them. The verifier must find these faults
// (docs/protocol.md clause 9.1).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { signEd25519 } from '#protocol/crypto/ed25519.ts';
import type { Report, ReportSummary } from '#protocol/orders/report.ts';
import type { ReportFaultCode } from '#protocol/orders/report-faults.ts';
import { sealEnvelope } from '#protocol/signing/envelope.ts';
import { judge } from '#test/support/orders.ts';
import { payloadOf, ReportSetup, rowOf, verdictIn } from '#test/support/reports.ts';

let setup: ReportSetup;
let genuine: Report;

beforeAll(async () => {
  setup = await ReportSetup.open();
  ({ genuine } = setup);
});
afterAll(() => setup.close());

const codesOf = async (given: Report) => (await judge(setup.as, given)).faults.map(({ code }) => code);

describe('a wrong report that the AS signed', () => {
  it.each<[string, () => Promise<Report>, ReportFaultCode]>([
    [
      'wrong totals',
      async () => {
        const { totals } = payloadOf<ReportSummary>(genuine.summary);
        return setup.signedAnew(genuine, { totals: { ...totals, done: 4 } });
      },
      'totals-wrong',
    ],
    [
      'the outcome "failed" for a unit with a verdict',
      () => setup.signedAnew(setup.withRow(0, { outcome: 'failed', reason: 'x' })),
      'outcome-wrong',
    ],
    ['a gap without a reason', () => setup.signedAnew(setup.withRow(3, { reason: null })), 'reason-missing'],
    [
      'a second export without a reason',
      () =>
        setup.signedAnew(
          setup.withRow(2, {
            loads: rowOf(genuine, 2).loads.map((each) => ({ ...each, reasons: [] })),
          }),
        ),
      'reason-missing',
    ],
    ['the outcome done without a verdict', () => setup.signedAnew(setup.withVerdict(0, null)), 'verdict-missing'],
    [
      'a receipt of another unit',
      () => setup.signedAnew(setup.withVerdict(0, verdictIn(rowOf(genuine, 1)))),
      'verdict-of-another-unit',
    ],
    [
      'an audit log that ends before the head that a station has seen',
      () => {
        const hash = toBase64url(new Uint8Array(32));
        const { stations } = payloadOf<ReportSummary>(genuine.summary);
        return setup.signedAnew(genuine, {
          stations: stations.map((each) => ({ ...each, head: { sequence: 9999, hash } })),
        });
      },
      'log-behind',
    ],
    [
      'a time outside the validity of the certificate',
      () => setup.signedAnew(genuine, { issued: '2001-01-01T00:00:00Z' }),
      'summary-late',
    ],
  ])('is refused with %s', async (_name, make, code) => {
    expect(await codesOf(await make())).toContain(code);
  });

  it('is refused when a verdict is signed with a key of another purpose or outside its certificate', async () => {
    const verdict = payloadOf<Record<string, unknown>>(verdictIn(rowOf(genuine, 0)));
    const early = await setup.as.signatures.signVerdict({ ...verdict, time: '2001-01-01T00:00:00Z' } as never);
    // When the AS has a new signing key, it signs old verdicts again. So a verdict may be older
    // than the certificate, if the certificate is valid at the time of the report.
    expect(await codesOf(await setup.signedAnew(setup.withVerdict(0, early)))).toEqual([]);
    const late = await setup.signedAnew(setup.withVerdict(0, early), { issued: '2001-01-01T00:00:00Z' });
    expect(await codesOf(late)).toContain('verdict-late');
    const { data } = setup.as.state.signingKeys;
    const signer = { publicKey: data.publicKey, sign: (message: Uint8Array) => signEd25519(data.secretKey, message) };
    const payload = fromBase64url(verdictIn(rowOf(genuine, 0)).payload);
    const borrowed = await sealEnvelope('application/vnd.keyferry.verdict+json', payload, signer);
    expect(await codesOf(await setup.signedAnew(setup.withVerdict(0, borrowed)))).toContain('verdict-forged');
  });
});
