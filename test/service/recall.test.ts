// Recall over HTTP: the lookup of an export whose response was lost, by its idempotency key.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { ExportAnswerJson, ProblemJson, RecallAnswerJson } from '#protocol/service/messages.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';
import { exportRequest, ServiceSetup } from '#test/support/as-service.ts';

const PATH = '/v1/exports:recall';
const { idempotencyKey, ...fields } = exportRequest();

let service: ServiceSetup;
let olga: string;
let exported: ExportAnswerJson;

beforeEach(async () => {
  service = await ServiceSetup.open();
  olga = await service.addOperator('olga');
  exported = await service.json(olga, '/v1/exports', { ...fields, idempotencyKey });
  await service.reopen();
});
afterEach(() => service.close());

describe('an export with a lost response', () => {
  it('can be recalled by its idempotency key after a restart, even by another operator, without another export', async () => {
    for (const token of [olga, await service.addOperator('nils')]) {
      const { auditHead: _, ...recalled } = await service.json<RecallAnswerJson>(token, PATH, { idempotencyKey });
      const data = fromBase64url(exported.data);
      expect(recalled).toEqual({
        exportId: exported.exportId,
        header: toBase64url(data.subarray(0, HEADER_LENGTH)),
        dataHash: toBase64url(sha256(data)),
      });
    }
    expect(service.as.ledger.lastXc).toBe(1);
  });

  it('of a set that the operator may not use is not reported as unknown, because unknown means "not in the unit"', async () => {
    const limited = await service.addOperator('nils', 'operator', { sets: [1] });
    const unknownKey = toBase64url(new Uint8Array(16));
    for (const [key, token, status, code] of [
      [unknownKey, olga, 404, 'export-unknown'],
      [unknownKey, limited, 404, 'export-unknown'],
      [idempotencyKey, limited, 403, 'not-allowed'],
    ] as const) {
      const response = await service.call(token, PATH, { idempotencyKey: key });
      expect(response.status).toBe(status);
      expect((await response.json()) as ProblemJson).toMatchObject({ type: PROBLEM_BASE + code });
    }
  });
});
