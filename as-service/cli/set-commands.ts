// The commands for sets, keys and device keys.
import { resolve } from 'node:path';
import { UserError } from '../common/user-error.ts';
import {
  readChoice,
  readDecimal,
  readHex,
  readJson,
  readKey,
  readList,
  readOptionalDecimal,
  required,
} from './arguments.ts';
import type { Commands } from './command.ts';
import { JSON_OPTION, YES_OPTION } from './options.ts';

export const SET_COMMANDS: Commands = {
  'set add': {
    words: 'SET NAME',
    options: {
      profile: {
        value: 'diversified|shared',
        default: 'diversified',
        help: 'what a unit stores: K_D, a key of its own (default), or T of the set',
      },
      family: {
        value: 'cmac|hmac',
        default: 'cmac',
        help: 'the KDF: cmac for suites 1 and 2 (default), hmac for suite 4',
      },
      tkv: { value: 'N', default: '1', help: 'the version of T, default 1' },
      't-file': { value: 'FILE|-', help: 'T in hex; without it, T is random' },
      unit: {
        value: 'SN',
        multiple: true,
        help: 'a unit that the set admits; without it, every unit of the set is admitted',
      },
      'quota-per-unit': { value: 'N', help: 'exports per unit; without it, there is no limit' },
    },
    help: 'Adds a set with its transport key T.',
    request: ([set = '', name = ''], values) => ({
      command: 'set add',
      set: readHex('SET', set, 8),
      name,
      profile: readChoice('profile', values.profile, ['diversified', 'shared']),
      family: readChoice('family', values.family, ['cmac', 'hmac']),
      tkv: readDecimal('tkv', String(values.tkv)),
      ...readKey('transportKey', values['t-file']),
      units: readList(values.unit),
      quotaPerUnit: readOptionalDecimal('quota-per-unit', values['quota-per-unit']),
    }),
  },
  'set rotate': {
    words: 'SET REF1 LABEL',
    options: { 't-file': { value: 'FILE|-', help: 'the new T in hex; without it, T is random' } },
    help: 'Adds the next transport key of a set. Loading REF1 into a unit replaces the transport key of the unit.',
    request: ([set = '', ref1 = '', label = ''], values) => ({
      command: 'set rotate',
      set: readHex('SET', set, 8),
      ref1: readHex('REF1', ref1, 4),
      label,
      ...readKey('transportKey', values['t-file']),
    }),
  },
  'set list': {
    options: JSON_OPTION,
    help: 'Shows the sets and their keys.',
    request: (_words, { json }) => ({ command: 'set list', ...readJson(json) }),
  },
  'set limit': {
    words: 'SET',
    options: {
      'quota-per-unit': { value: 'N|none', required: true, help: 'exports per unit, the earlier ones included' },
    },
    help: 'Changes how many exports each unit of a set may have.',
    request: ([set = ''], { 'quota-per-unit': quota }) => ({
      command: 'set limit',
      set: readHex('SET', set, 8),
      quotaPerUnit: quota === 'none' ? null : readDecimal('quota-per-unit', required('quota-per-unit', quota)),
    }),
  },
  'set destroy': {
    words: 'SET',
    options: YES_OPTION,
    help: 'Destroys a set that has no exports, work orders or vaults, with its keys. Asks for the name of the set.',
    request: ([set = ''], { yes }) => ({
      command: 'set destroy',
      set: readHex('SET', set, 8),
      confirmation: yes === true ? true : null,
    }),
  },
  'set allow': {
    words: 'SET [SN…]',
    options: {
      any: { help: 'every unit of the set is admitted' },
      only: { help: 'confirms that a set without a list now admits only the named units' },
    },
    help: 'Adds units to the list of a set.',
    request: ([set = '', ...units], { any, only = false }) => {
      if ((units.length === 0) !== (any === true)) throw new UserError('Name the units by their SN, or use --any.');
      return {
        command: 'set allow',
        set: readHex('SET', set, 8),
        units: any === true ? null : units,
        only: only === true,
      };
    },
  },
  'key add': {
    words: 'SET REF1 LABEL',
    options: {
      attributes: { value: 'D0AB00N', help: 'ATTR of the key, docs/protocol.md clause 3.3; required without --erase' },
      slot: { value: 'REF2', default: 'FFFF', help: 'the only slot of the key; without it, any slot' },
      length: { value: '16|24|32', default: '32', help: 'the length of a random key in bytes, default 32' },
      file: { value: 'FILE|-', help: 'the key in hex; without it, the key is random' },
      erase: { help: 'adds an instruction to erase --slot instead of a key' },
    },
    help: 'Adds a key, or an instruction to erase a slot.',
    request: ([setText = '', ref1Text = '', label = ''], values) => {
      const set = readHex('SET', setText, 8);
      const ref1 = readHex('REF1', ref1Text, 4);
      const slot = readHex('slot', String(values.slot), 4);
      if (values.erase === true) return { command: 'key erase', set, ref1, label, slot };
      return {
        command: 'key add',
        set,
        ref1,
        label,
        attributes: required('attributes', values.attributes),
        slot,
        length: readDecimal('length', String(values.length)),
        ...readKey('key', values.file),
      };
    },
  },
  'key list': {
    words: '[SET]',
    options: JSON_OPTION,
    help: 'Shows the keys of a set, or of all sets: names, versions and KCV.',
    request: ([set], { json }) => ({
      command: 'key list',
      set: set === undefined ? null : readHex('SET', set, 8),
      ...readJson(json),
    }),
  },
  'key disable': {
    words: 'SET REF1',
    help: 'Disables a key. The AS exports it no more, and still verifies its receipts.',
    request: (words) => ({ command: 'key disable', ...readKeyName(words) }),
  },
  'key enable': {
    words: 'SET REF1',
    help: 'Enables a disabled key.',
    request: (words) => ({ command: 'key enable', ...readKeyName(words) }),
  },
  'key destroy': {
    words: 'SET REF1',
    options: YES_OPTION,
    help: 'Destroys a key. Its name, version and KCV stay. Asks for the name of the key.',
    request: (words, { yes }) => ({
      command: 'key destroy',
      ...readKeyName(words),
      confirmation: yes === true ? true : null,
    }),
  },
  'device-key': {
    words: 'SET SN FILE',
    help: 'Writes the secret of a unit to a new file: K_D, or T for a set of the shared profile.',
    request: ([set = '', sn = '', path = '']) => ({
      command: 'device-key',
      set: readHex('SET', set, 8),
      sn,
      path: resolve(path),
    }),
  },
};

function readKeyName([set = '', ref1 = '']: readonly string[]) {
  return { set: readHex('SET', set, 8), ref1: readHex('REF1', ref1, 4) };
}
