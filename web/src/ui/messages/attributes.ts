// Describes ATTR: usage, algorithm, mode of use and exportability of a key (the common values of
// ANSI X9.143, tables 3 to 7).
import { listInWords } from '../../text/locale.ts';
import { t } from '../../text/t.ts';

const USAGE: Readonly<Record<string, string>> = {
  B0: t`base derivation`,
  B1: t`initial DUKPT`,
  C0: t`card verification`,
  D0: t`data encryption`,
  D1: t`asymmetric data encryption`,
  E0: t`EMV application cryptograms`,
  E6: 'EMV',
  I0: t`initialisation vector`,
  K0: t`key encryption`,
  K1: t`key block protection`,
  M0: 'MAC',
  M1: 'MAC',
  M3: 'MAC',
  M5: 'MAC',
  M6: 'CMAC',
  M7: 'HMAC',
  P0: t`PIN encryption`,
  S0: t`signature`,
  V0: t`PIN verification`,
};

const ALGORITHM: Readonly<Record<string, string>> = {
  A: 'AES',
  D: 'DES',
  E: t`elliptic curve`,
  H: 'HMAC',
  R: 'RSA',
  S: 'DSA',
  T: t`Triple DES`,
};

const MODE: Readonly<Record<string, string>> = {
  B: t`encrypt and decrypt`,
  C: t`generate and verify`,
  D: t`decrypt only`,
  E: t`encrypt only`,
  G: t`generate only`,
  N: '',
  S: t`sign only`,
  V: t`verify only`,
  X: t`derive only`,
  Y: t`key variants`,
};

const EXPORTABILITY: Readonly<Record<string, string>> = { E: t`exportable`, N: t`not exportable`, S: t`sensitive` };

/**
 * "D0AB00N" → "AES, data encryption, encrypt and decrypt, not exportable". An unknown value is
 * shown unchanged.
 */
export function attributesInWords(attributes: string): string {
  const usage = attributes.slice(0, 2);
  const [algorithm = '', mode = ''] = attributes.slice(2, 4);
  const exportability = attributes.slice(6);
  const words = [
    ALGORITHM[algorithm] ?? algorithm,
    USAGE[usage] ?? t`usage ${usage}`,
    MODE[mode] ?? t`mode ${mode}`,
    EXPORTABILITY[exportability] ?? exportability,
  ];
  return listInWords(words.filter((word) => word !== ''));
}
