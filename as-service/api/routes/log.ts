// Routes /log/checkpoint and /log/tile/…: the log as checkpoint, tiles and entry bundles, in the
// formats of C2SP tlog-tiles and tlog-checkpoint (docs/protocol.md clause 6.3).
import * as v from 'valibot';
import type { Bytes } from '#protocol/bytes/bytes.ts';
import { encodeBundle, isInTree, readTilePath, TILE_WIDTH, type Tile } from '#protocol/log/tiles.ts';
import { leafOf } from '../../audit-log/audit-line.ts';
import { Problem } from '../../http/answer.ts';
import { SECURITY_HEADERS } from '../../http/security-headers.ts';
import type { As } from '../../service/as.ts';
import { EVERY_ROLE, OVERSEERS, route } from './route.ts';

/** A tile never changes once the log has its hashes. The browser's cache is private. */
const UNCHANGING = 'private, max-age=31536000, immutable';
const OCTETS = 'application/octet-stream';
const PLAIN = 'text/plain; charset=utf-8';

export const checkpointRoute = route({
  method: 'get',
  path: '/log/checkpoint',
  summary: 'The checkpoint of the audit log (C2SP tlog-checkpoint), signed by the key for audit heads.',
  roles: EVERY_ROLE,
  input: undefined,
  output: v.string(),
  media: PLAIN,
  problems: [],
  handle: async ({ as }) => plain(await as.signCheckpoint(), PLAIN, 'no-store'),
});

export const bundleRoute = route({
  method: 'get',
  path: '/log/tile/entries/{tile}',
  summary: 'A bundle of up to 256 entries of the audit log (C2SP tlog-tiles): N, or N.p/W for W entries.',
  roles: OVERSEERS,
  input: undefined,
  output: v.string(),
  media: OCTETS,
  problems: [],
  handle: async ({ as, id }) => {
    const { index, width } = requireTile(as, `tile/entries/${id}`);
    const first = index * TILE_WIDTH + 1;
    const records = await as.log.read(first, first + width - 1);
    return plain(encodeBundle(records.map(({ entry }) => leafOf(entry))), OCTETS, UNCHANGING);
  },
});

export const tileRoute = route({
  method: 'get',
  path: '/log/tile/{tile}',
  summary: 'A tile of up to 256 hashes of the tree (C2SP tlog-tiles): L/N, or L/N.p/W for W hashes.',
  roles: EVERY_ROLE,
  input: undefined,
  output: v.string(),
  media: OCTETS,
  problems: [],
  handle: ({ as, id }) => {
    const content = as.log.tree.tile(requireTile(as, `tile/${id}`), as.log.head.sequence);
    return plain(content ?? new Uint8Array(0), OCTETS, UNCHANGING);
  },
});

/** @throws Problem request-refused (404) for a path that is malformed, or not in the log yet */
function requireTile(as: As, path: string): Tile {
  const tile = readTilePath(path);
  if (tile !== undefined && isInTree(tile, as.log.head.sequence)) return tile;
  throw new Problem('request-refused', `The log has no ${path}. GET /log/checkpoint shows its size.`, { status: 404 });
}

function plain(body: string | Bytes, type: string, cache: string): Response {
  return new Response(body, { headers: { ...SECURITY_HEADERS, 'content-type': type, 'cache-control': cache } });
}
