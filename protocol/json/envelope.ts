// The JSON form of a DSSE envelope (docs/protocol.md clause 9).
import * as v from 'valibot';
import { bytes, list, text } from './schema.ts';

/** Returns the schema of a list with exactly one item. */
/* @__NO_SIDE_EFFECTS__ */
function single<Item extends v.GenericSchema>(item: Item) {
  return list(item, 1, 1) as unknown as v.GenericSchema<[v.InferInput<Item>], [v.InferOutput<Item>]>;
}

/** Returns the schema of an envelope. `payload` and `sig` are schemas of base64url texts. */
/* @__NO_SIDE_EFFECTS__ */
export function envelopeOf(payload: v.GenericSchema<string>, sig: v.GenericSchema<string>) {
  return v.object({
    payloadType: text(/^[!-~]{1,200}$/, 'a payload type'),
    payload,
    signatures: single(v.object({ keyid: text(/^[0-9A-F]{16}$/, '16 hex digits'), sig })),
  });
}

/**
 * The schema of an envelope in an answer of the service, for example of a verdict or an audit head.
 */
export const envelopeSchema = envelopeOf(bytes(2, 65_536), bytes(64));
