// The AS service without a socket: an export whose answer was lost is recalled by its idempotency key.
import type { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { As } from '#as-service/service/as.ts';
import { fromBase64url, toBase64url } from '#protocol/bytes/text.ts';
import { sha256 } from '#protocol/crypto/prf.ts';
import type { ExportAnswerJson, ProblemJson, RecallAnswerJson } from '#protocol/service/messages.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import { HEADER_LENGTH } from '#protocol/tkl/header.ts';
import {
  addTestOperator,
  call,
  callJson,
  createTestApp,
  exportRequest,
  fillTestAs,
  openTestAs,
  temporaryFolder,
} from '#test/support/as-service.ts';

const PATH = '/v1/exports:recall';

/** An AS over a folder of its own, which it is opened on twice: what the first one made, the second one is asked for. */
async function acrossRestart(
  before: (app: Hono, as: As) => Promise<void>,
  after: (app: Hono, as: As) => Promise<void>,
): Promise<void> {
  const folder = await temporaryFolder();
  try {
    for (const [index, act] of [before, after].entries()) {
      const as = await openTestAs(folder.path);
      if (index === 0) await fillTestAs(as);
      try {
        await act(createTestApp(as), as);
      } finally {
        await as.close();
      }
    }
  } finally {
    await folder.remove();
  }
}

describe('an export whose answer was lost', () => {
  it('is recalled by its idempotency key, by another operator too, and after a restart, and is no second export', async () => {
    const request = exportRequest();
    let made: ExportAnswerJson;
    const tokens: string[] = [];
    await acrossRestart(
      async (app, as) => {
        const token = await addTestOperator(as, 'olga');
        tokens.push(token, await addTestOperator(as, 'nils'));
        made = await callJson(app, token, '/v1/exports', request);
      },
      async (app, as) => {
        for (const token of tokens) {
          const { idempotencyKey } = request;
          const { auditHead: _, ...recalled } = await callJson<RecallAnswerJson>(app, token, PATH, { idempotencyKey });
          const data = fromBase64url(made.data);
          const octets = { header: data.subarray(0, HEADER_LENGTH), dataHash: sha256(data) };
          expect(recalled).toEqual({
            exportId: made.exportId,
            header: toBase64url(octets.header),
            dataHash: toBase64url(octets.dataHash),
          });
        }
        expect(as.ledger.lastXc).toBe(1);
      },
    );
  });

  it('is told from one that there is and that this operator may not see: "none" would be taken for "not in the unit"', async () => {
    const request = exportRequest();
    await acrossRestart(
      async (app, as) => {
        await callJson(app, await addTestOperator(as, 'olga'), '/v1/exports', request);
      },
      async (app, as) => {
        const limited = await addTestOperator(as, 'nils', 'operator', { sets: [1] });
        const anyone = await addTestOperator(as, 'otto');
        for (const [idempotencyKey, token, status, code] of [
          [toBase64url(new Uint8Array(16)), anyone, 404, 'export-unknown'],
          [toBase64url(new Uint8Array(16)), limited, 404, 'export-unknown'],
          [request.idempotencyKey, limited, 403, 'not-allowed'],
        ] as const) {
          const response = await call(app, token, PATH, { idempotencyKey });
          expect(response.status).toBe(status);
          expect((await response.json()) as ProblemJson).toMatchObject({ type: PROBLEM_BASE + code });
        }
      },
    );
  });
});
