// Describes ATTR: usage, algorithm, mode of use and exportability of a key (the common values of
// ANSI X9.143, tables 3 to 7).

const USAGE: Readonly<Record<string, string>> = {
  B0: 'base derivation',
  B1: 'initial DUKPT',
  C0: 'card verification',
  D0: 'data encryption',
  D1: 'asymmetric data encryption',
  E0: 'EMV application cryptograms',
  E6: 'EMV',
  I0: 'initialisation vector',
  K0: 'key encryption',
  K1: 'key block protection',
  M0: 'MAC',
  M1: 'MAC',
  M3: 'MAC',
  M5: 'MAC',
  M6: 'CMAC',
  M7: 'HMAC',
  P0: 'PIN encryption',
  S0: 'signature',
  V0: 'PIN verification',
};

const ALGORITHM: Readonly<Record<string, string>> = {
  A: 'AES',
  D: 'DES',
  E: 'elliptic curve',
  H: 'HMAC',
  R: 'RSA',
  S: 'DSA',
  T: 'Triple DES',
};

const MODE: Readonly<Record<string, string>> = {
  B: 'encrypt and decrypt',
  C: 'generate and verify',
  D: 'decrypt only',
  E: 'encrypt only',
  G: 'generate only',
  N: '',
  S: 'sign only',
  V: 'verify only',
  X: 'derive only',
  Y: 'key variants',
};

const EXPORTABILITY: Readonly<Record<string, string>> = { E: 'exportable', N: 'not exportable', S: 'sensitive' };

/**
 * "D0AB00N" → "AES, data encryption, encrypt and decrypt, not exportable". An unknown value is
 * shown unchanged.
 */
export function attributesInWords(attributes: string): string {
  const usage = attributes.slice(0, 2);
  const [algorithm = '', mode = ''] = attributes.slice(2, 4);
  const exportability = attributes.slice(6);
  return [
    ALGORITHM[algorithm] ?? algorithm,
    USAGE[usage] ?? `usage ${usage}`,
    MODE[mode] ?? `mode ${mode}`,
    EXPORTABILITY[exportability] ?? exportability,
  ]
    .filter((word) => word !== '')
    .join(', ');
}
