// Decodes a redacted exchange into fields (docs/protocol.md clauses 3 and 4). Decodes only what
// web/src/transport/trace.ts shows in full; masked data remains masked.
import { findStatusWord } from '#protocol/apdu/status-words.ts';
import { concat } from '#protocol/bytes/bytes.ts';
import { fromHex, hexNumber, toHex } from '#protocol/bytes/hex.ts';
import { decodeIdentity, type Slot } from '#protocol/commands/identity.ts';
import { ProtocolError } from '#protocol/errors.ts';
import { ANY_SLOT, decodeHeader, HEADER_LENGTH, isErasing } from '#protocol/tkl/header.ts';
import { decodeReceipt, RECEIPT_LENGTH } from '#protocol/tkl/receipt.ts';
import type { Exchange } from '../station/trace.svelte.ts';

export type FieldName =
  | 'application'
  | 'suite'
  | 'suites'
  | 'slot'
  | 'sn'
  | 'set'
  | 'transport-key'
  | 'profile'
  | 'lifecycle'
  | 'tries'
  | 'signature'
  | 'firmware'
  | 'key'
  | 'version'
  | 'attributes'
  | 'export'
  | 'as-number'
  | 'kcv'
  | 'imports'
  | 'data';

/** The content of one slot in an identity. */
export interface SlotField {
  readonly slot: string;
  /** Undefined if the slot is empty. */
  readonly key: { readonly version: number; readonly attributes: string; readonly kcv: string } | undefined;
}

export interface Field {
  readonly name: FieldName;
  /** Numbers are hexadecimal, except versions and counts. Masked data remains masked. */
  readonly value: string;
}

export interface Status {
  /** Four hex digits. */
  readonly word: string;
  /** Undefined for a status word that no standard defines. */
  readonly meaning: string | undefined;
}

export interface DecodedExchange {
  /** CLA INS P1 P2. */
  readonly header: string;
  readonly command: string;
  /** Whether the command is continued by the next exchange (command chaining). */
  readonly isPart: boolean;
  readonly request: readonly Field[];
  readonly response: readonly Field[];
  readonly slots: readonly SlotField[];
  /** Undefined if the link failed before the response. */
  readonly status: Status | undefined;
  /** True if the unit sent no response, or one without success. */
  readonly isFailed: boolean;
  /** Whether the operator sent the command from the console. */
  readonly isByHand: boolean;
}

const CHAINING = 0x10;

export function decodeExchange(exchange: Exchange): DecodedExchange {
  const { command, header, statusWord } = exchange;
  const [cla = 0] = fromHex(header);
  const known = statusWord === undefined ? undefined : findStatusWord(statusWord);
  return {
    header,
    command,
    isPart: (cla & CHAINING) !== 0,
    request: requestFields(exchange),
    ...responseFields(exchange),
    status: statusWord === undefined ? undefined : { word: hexNumber(statusWord, 4), meaning: known?.meaning },
    isFailed: isFailed(exchange),
    isByHand: exchange.isByHand === true,
  };
}

export function isFailed({ statusWord }: Exchange): boolean {
  return statusWord === undefined || (statusWord !== 0x9000 && statusWord >> 8 !== 0x61);
}

function requestFields({ command, header, request }: Exchange): readonly Field[] {
  const [p1p2, p2] = [header.slice(4), header.slice(6)];
  switch (command) {
    case 'SELECT':
      return fields({ application: request });
    case 'GET CHALLENGE':
      return fields({ suite: p2, data: request });
    case 'GET RECEIPT':
      return fields({ slot: p1p2, data: request });
    case 'IMPORTKEY':
      return headerFields(request) ?? fields({ data: request });
    default:
      return fields({ data: request });
  }
}

function responseFields({ command, answer }: Exchange): Pick<DecodedExchange, 'response' | 'slots'> {
  const whole: Pick<DecodedExchange, 'response' | 'slots'> = { response: fields({ data: answer }), slots: [] };
  switch (command) {
    case 'SELECT':
    case 'GET IDENTITY':
      return identityFields(command, answer) ?? whole;
    case 'IMPORTKEY':
    case 'GET RECEIPT':
      return { response: receiptFields(answer) ?? fields({ data: answer }), slots: [] };
    default:
      return whole;
  }
}

/** Undefined if the data does not begin with a whole HDR. */
function headerFields(request: string): readonly Field[] | undefined {
  const { shown, masked } = split(request);
  if (shown.length !== HEADER_LENGTH) return undefined;
  return attempt(() => {
    const header = decodeHeader(shown);
    const { suite, sn, set, tkv, ref1, slot, akv, attributes, xc, asNumber } = header;
    return fields({
      suite: hexNumber(suite, 2),
      sn: toHex(sn),
      set: hexNumber(set, 8),
      'transport-key': String(tkv),
      key: hexNumber(ref1, 4),
      slot: slot === ANY_SLOT ? '' : hexNumber(slot, 4),
      version: String(akv),
      attributes: isErasing(header) ? '' : attributes,
      export: String(xc),
      'as-number': hexNumber(asNumber, 4),
      data: masked,
    });
  });
}

/** Undefined if the data does not begin with the fields of a receipt. The MAC is masked. */
function receiptFields(answer: string): readonly Field[] | undefined {
  const { shown, masked } = split(answer);
  if (shown.length !== HEADER_LENGTH) return undefined;
  return attempt(() => {
    const receipt = decodeReceipt(concat(shown, new Uint8Array(RECEIPT_LENGTH - shown.length)));
    const { suite, sn, tkv, ref1, ref2, akv, xc, kcv, asNumber, importCounter } = receipt;
    return fields({
      suite: hexNumber(suite, 2),
      sn: toHex(sn),
      'transport-key': String(tkv),
      key: hexNumber(ref1, 4),
      slot: hexNumber(ref2, 4),
      version: String(akv),
      kcv: toHex(kcv.value),
      export: String(xc),
      'as-number': hexNumber(asNumber, 4),
      imports: String(importCounter),
      data: masked,
    });
  });
}

/** Undefined if the data is not an identity. */
function identityFields(command: string, answer: string): Pick<DecodedExchange, 'response' | 'slots'> | undefined {
  const { shown } = split(answer);
  return attempt(() => {
    const { sn, set, tkv, profile, suites, lifecycle, tries, signatureRequired, firmware, slots } = decodeIdentity(
      command,
      shown,
    );
    const response = fields({
      sn: toHex(sn),
      set: hexNumber(set, 8),
      'transport-key': String(tkv),
      profile,
      suites: suites.map((suite) => hexNumber(suite, 2)).join(', '),
      lifecycle,
      tries: String(tries),
      signature: signatureRequired ? 'required' : '',
      firmware: hexNumber(firmware, 8),
    });
    return { response, slots: slots.map(slotField) };
  });
}

function slotField({ ref2, state, akv, attributes, kcv }: Slot): SlotField {
  const key = state === 'key' ? { version: akv, attributes, kcv: toHex(kcv) } : undefined;
  return { slot: hexNumber(ref2, 4), key };
}

/** Leaves out empty values. */
function fields(values: Partial<Record<FieldName, string>>): readonly Field[] {
  return (Object.entries(values) as [FieldName, string][]).flatMap(([name, value]) => (value ? { name, value } : []));
}

/** Splits redacted data into the bytes that are shown and the text that masks the rest. */
function split(redacted: string): { readonly shown: Uint8Array; readonly masked: string } {
  const digits = redacted.search(/[^0-9A-F]|$/);
  const end = digits - (digits % 2);
  return { shown: fromHex(redacted.slice(0, end)), masked: redacted.slice(end).trimStart() };
}

/** Returns undefined for bytes that violate the protocol. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
