// Words for the exchanges in the console: what a command does, its fields, and its status word.
import {
  type DecodedExchange,
  decodeExchange,
  type Field,
  type FieldName,
  type SlotField,
} from '../../state/help/decode-exchange.ts';
import type { Entry } from '../../state/help/exchange-console.svelte.ts';
import { attributesInWords } from '../messages/attributes.ts';
import { slotName } from '../messages/slots.ts';
import { explainStatusWord } from '../messages/status-words.ts';

const PURPOSES: Readonly<Record<string, string>> = {
  SELECT: 'Selects the key application and reads the identity',
  'GET RESPONSE': 'Reads the rest of a response',
  'GET IDENTITY': 'Reads the identity of the unit',
  'GET DATA': 'Reads the data of a token card',
  'GET CHALLENGE': 'Requests a challenge for one import',
  EXPORTKEY: 'Requests a sealed key from a token card',
  IMPORTKEY: 'Sends the sealed key to the unit',
  'GET RECEIPT': 'Reads the receipt of the last import into a slot',
  VERIFYRECEIPT: 'Has a token card verify a receipt',
  IDENTIFY: 'Makes the unit blink',
  VERIFY: 'Sends the PIN to a token card',
  'CHANGE REFERENCE DATA': 'Changes the PIN of a token card',
};

const LABELS: Readonly<Record<FieldName, string>> = {
  application: 'Application',
  suite: 'Suite',
  suites: 'Suites',
  slot: 'Slot',
  sn: 'Serial number',
  set: 'Set',
  'transport-key': 'Transport key version',
  profile: 'Profile',
  lifecycle: 'State',
  tries: 'Tries left',
  signature: 'Signature',
  firmware: 'Firmware',
  key: 'Key entry',
  version: 'Key version',
  attributes: 'Attributes',
  export: 'Export',
  'as-number': 'AS number',
  kcv: 'KCV',
  imports: 'Imports',
  data: 'Data',
};

export interface Line {
  readonly label: string;
  readonly value: string;
}

export interface ExchangeWords extends Pick<DecodedExchange, 'header' | 'command' | 'isFailed'> {
  readonly purpose: string;
  readonly request: readonly Line[];
  readonly response: readonly Line[];
  /** The status word with its meaning, or that there was no answer. */
  readonly status: string;
  /** What the status word of this command means for the load. */
  readonly explanation?: string | undefined;
  readonly causes: readonly string[];
}

export function exchangeWords({ exchange }: Entry): ExchangeWords {
  const decoded = decodeExchange(exchange);
  const { header, command, isPart, isFailed, request, response, slots, status } = decoded;
  const { statusWord } = exchange;
  const known = statusWord === undefined ? undefined : explainStatusWord(command, statusWord);
  const purpose = PURPOSES[command] ?? 'A command that this page does not know';
  return {
    header,
    command,
    isFailed,
    purpose: isPart ? `${purpose}, first part` : purpose,
    request: request.map(fieldLine),
    response: [...response.map(fieldLine), ...slots.map(slotLine)],
    status: status ? `${status.word} ${status.meaning ?? 'not defined'}` : 'No answer',
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
  const value = key ? `version ${key.version}, ${key.attributes}, KCV ${key.kcv}` : 'empty';
  return { label: `${name.charAt(0).toUpperCase()}${name.slice(1)}`, value };
}

/** The text of an entry, for the search and for the clipboard. */
export function textOf(entry: Entry): string {
  const { at } = entry.exchange;
  const { header, command, purpose, request, response, status, explanation, causes } = exchangeWords(entry);
  const lines = (direction: string, all: readonly Line[]): readonly string[] =>
    all.map(({ label, value }) => `  ${direction} ${label}: ${value}`);
  return [
    `${at} ${entry.sn === undefined ? 'unit not read' : `unit ${entry.sn}`} ${command} ${header}`,
    `  ${purpose}`,
    ...lines('=>', request),
    ...lines('<=', response),
    `  <= ${status}`,
    ...(explanation === undefined ? [] : [`  ${explanation}`]),
    ...causes.map((cause) => `  Possible cause: ${cause}`),
  ].join('\n');
}
