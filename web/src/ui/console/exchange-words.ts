// Words for the exchanges in the console: what a command does, its fields, and its status word.
import {
  type DecodedExchange,
  decodeExchange,
  type Field,
  type FieldName,
  type SlotField,
} from '../../state/help/decode-exchange.ts';
import type { Entry } from '../../state/help/exchange-console.svelte.ts';
import { t } from '../../text/t.ts';
import { attributesInWords } from '../messages/attributes.ts';
import { slotName } from '../messages/slots.ts';
import { explainStatusWord } from '../messages/status-words.ts';

const PURPOSES: Readonly<Record<string, string>> = {
  SELECT: t`Selects the key application and reads the identity`,
  'GET RESPONSE': t`Reads the rest of a response`,
  'GET IDENTITY': t`Reads the identity of the unit`,
  'GET DATA': t`Reads the data of a token card`,
  'GET CHALLENGE': t`Requests a challenge for one import`,
  EXPORTKEY: t`Requests a sealed key from a token card`,
  IMPORTKEY: t`Sends the sealed key to the unit`,
  'GET RECEIPT': t`Reads the receipt of the last import into a slot`,
  VERIFYRECEIPT: t`Has a token card verify a receipt`,
  IDENTIFY: t`Makes the unit blink`,
  VERIFY: t`Sends the PIN to a token card`,
  'CHANGE REFERENCE DATA': t`Changes the PIN of a token card`,
};

export const SENT_BY_HAND = t`Sent by hand`;

const LABELS: Readonly<Record<FieldName, string>> = {
  application: t`Application`,
  suite: t`Suite`,
  suites: t`Suites`,
  slot: t`Slot`,
  sn: t`Serial number`,
  set: t`Set`,
  'transport-key': t`Transport key version`,
  profile: t`Profile`,
  lifecycle: t`State`,
  tries: t`Tries left`,
  signature: t`Signature`,
  firmware: t`Firmware`,
  key: t`Key entry`,
  version: t`Key version`,
  attributes: t`Attributes`,
  export: t`Export`,
  'as-number': t`AS number`,
  kcv: 'KCV',
  imports: t`Imports`,
  data: t`Data`,
};

export interface Line {
  readonly label: string;
  readonly value: string;
}

export interface ExchangeWords extends Pick<DecodedExchange, 'header' | 'command' | 'isFailed' | 'isByHand'> {
  readonly purpose: string;
  readonly request: readonly Line[];
  readonly response: readonly Line[];
  /** The status word with its meaning, or a text that says that there was no answer. */
  readonly status: string;
  /** What the status word of this command means for the load. */
  readonly explanation?: string | undefined;
  readonly causes: readonly string[];
}

export function exchangeWords({ exchange }: Entry): ExchangeWords {
  const decoded = decodeExchange(exchange);
  const { header, command, isPart, isFailed, isByHand, request, response, slots, status } = decoded;
  const { statusWord } = exchange;
  const known = statusWord === undefined ? undefined : explainStatusWord(command, statusWord);
  const purpose = PURPOSES[command] ?? t`A command that this page does not know`;
  return {
    header,
    command,
    isFailed,
    isByHand,
    purpose: isPart ? t`${purpose}, first part` : purpose,
    request: request.map(fieldLine),
    response: [...response.map(fieldLine), ...slots.map(slotLine)],
    status: status ? `${status.word} ${status.meaning ?? t`not defined`}` : t`No answer`,
    explanation: known?.title,
    causes: known?.causes ?? [],
  };
}

function fieldLine({ name, value }: Field): Line {
  return { label: LABELS[name], value: wordedValue(name, value) };
}

function wordedValue(name: FieldName, value: string): string {
  if (name === 'attributes') return `${value}: ${attributesInWords(value)}`;
  return name === 'slot' ? slotName(Number.parseInt(value, 16)) : value;
}

function slotLine({ slot, key }: SlotField): Line {
  const name = slotName(Number.parseInt(slot, 16));
  const value = key ? t`version ${key.version}, ${key.attributes}, KCV ${key.kcv}` : t`empty`;
  // Has no effect in a language without capital letters.
  return { label: `${name.charAt(0).toUpperCase()}${name.slice(1)}`, value };
}

const possibleCause = (cause: string): string => t`Possible cause: ${cause}`;

/** The text of an entry, for the search and for the clipboard. */
export function textOf(entry: Entry): string {
  const { at } = entry.exchange;
  const { header, command, isByHand, purpose, request, response, status, explanation, causes } = exchangeWords(entry);
  const lines = (direction: string, all: readonly Line[]): readonly string[] =>
    all.map(({ label, value }) => `  ${direction} ${label}: ${value}`);
  return [
    `${at} ${entry.sn === undefined ? t`unit not read` : t`unit ${entry.sn}`} ${command} ${header}`,
    `  ${purpose}`,
    ...(isByHand ? [`  ${SENT_BY_HAND}`] : []),
    ...lines('=>', request),
    ...lines('<=', response),
    `  <= ${status}`,
    ...(explanation === undefined ? [] : [`  ${explanation}`]),
    ...causes.map((cause) => `  ${possibleCause(cause)}`),
  ].join('\n');
}
