// The audit log over HTTP as a C2SP log: checkpoint, tiles and bundles, and the consistency proof in
// each answer that shows the log.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { openCheckpoint } from '#protocol/log/checkpoint.ts';
import { leafHash } from '#protocol/log/merkle.ts';
import { decodeBundle, decodeTile, tilePath, tilesOf } from '#protocol/log/tiles.ts';
import { isConsistent } from '#protocol/log/verify-consistency.ts';
import {
  type AuditHeadJson,
  type AuditPageJson,
  type ExportAnswerJson,
  LOG_SIZE,
  type WhoamiJson,
} from '#protocol/service/messages.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { exportRequest, ServiceSetup } from '#test/support/as-service.ts';

let service: ServiceSetup;
let operator: string;
let auditor: string;

beforeEach(async () => {
  service = await ServiceSetup.open();
  operator = await service.addOperator('olga');
  auditor = await service.addOperator('ada', 'auditor');
});
afterEach(() => service.close());

const get = (path: string, who = auditor) => service.call(who, path);
const bytesOf = async (path: string) => new Uint8Array(await (await get(path)).arrayBuffer());
const seen = (size: number) => ({ [LOG_SIZE]: String(size) });
const exportKey = (headers = {}) => service.json<ExportAnswerJson>(operator, '/v1/exports', exportRequest(), headers);
const signIn = (size: number) => service.json<WhoamiJson>(operator, '/v1/whoami', undefined, seen(size));
const payloadOf = ({ payload }: Envelope) => JSON.parse(Buffer.from(payload, 'base64url').toString()) as AuditHeadJson;
const treeOf = (envelope: Envelope) => {
  const { sequence, treeRoot = '' } = payloadOf(envelope);
  return { size: sequence, root: fromBase64url(treeRoot) };
};

async function readCheckpoint() {
  const response = await get('/log/checkpoint', operator);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const { root, signingKeys } = service.as.state;
  const { publicKey } = signingKeys['audit-head'];
  return openCheckpoint(await response.text(), root.publicKey, [publicKey], isSignedBy);
}

describe('the log of the service', () => {
  it('is served as a checkpoint, tiles and bundles whose leaves are the entries', async () => {
    for (let i = 0; i < 5; i++) await exportKey();
    const { size, root } = await readCheckpoint();
    expect(size).toBe(service.as.log.head.sequence);
    const [bundle, tile] = tilesOf(size);
    if (bundle === undefined || tile === undefined) throw new RangeError('the log has no tile');
    const leaves = decodeBundle(await bytesOf(`/log/${tilePath(bundle)}`), size);
    const lines = (await service.json<AuditPageJson>(auditor, '/v1/audit?limit=200')).entries.slice().reverse();
    expect(leaves.map((leaf) => JSON.parse(Buffer.from(leaf).toString()))).toEqual(lines.map(({ entry }) => entry));
    expect(decodeTile(await bytesOf(`/log/${tilePath(tile)}`), size)).toEqual(leaves.map(leafHash));
    expect(root).toEqual(service.as.log.tree.rootOf(size));
  });

  it('has the same tree after a restart', async () => {
    await exportKey();
    const before = await readCheckpoint();
    await service.reopen();
    const after = await readCheckpoint();
    const proof = service.as.log.tree.consistencyProof(before.size, after.size);
    expect(isConsistent(before, after, proof)).toBe(true);
  });

  it.each(['tile/0/001', 'tile/0/000', 'tile/1/000.p/1', 'tile/entries/000.p/255', 'tile/0/000.p/x', 'tile/64/000'])(
    'has no %s yet',
    async (path) => {
      const response = await get(`/log/${path}`);
      expect([response.status, (await response.json()) as object]).toEqual([
        404,
        expect.objectContaining({ detail: `The log has no ${path}. GET /log/checkpoint shows its size.` }),
      ]);
    },
  );
});

describe('an answer that shows the log', () => {
  it('proves that the log begins with the entries that the station saw', async () => {
    const { auditHead: first, consistency } = await exportKey();
    expect(consistency).toBeUndefined();
    for (let i = 0; i < 4; i++) await exportKey();
    const kept = treeOf(first);
    const exported = await exportKey(seen(kept.size));
    const signedIn = await signIn(kept.size);
    for (const { auditHead, consistency: proof = [] } of [exported, signedIn]) {
      if (auditHead === undefined) throw new TypeError('the answer has no head');
      expect(isConsistent(kept, treeOf(auditHead), proof.map(fromBase64url))).toBe(true);
    }
    const same = await signIn(service.as.log.head.sequence);
    expect(same.consistency).toEqual([]);
    const longer = await signIn(1000);
    expect(longer.consistency).toBeUndefined();
  });
});
