// The kinds of findings of a reconciliation (docs/protocol.md clause 10.5), with the values of each. The
// AS writes a sentence for its log; the page writes its own, in its language.

/** Key: kind of a finding. Value: what its sentence contains. XC is the number of an export. */
export interface VaultFindingValues {
  readonly 'entry-missing': { readonly entry: number; readonly before: number };
  readonly 'entry-unchained': { readonly entry: number };
  readonly 'export-missing': { readonly xc: number; readonly before: number };
  readonly 'journal-differs': { readonly entry: number };
  readonly 'journal-older': { readonly last: number; readonly returned: number };
  readonly 'database-older': { readonly last: number; readonly returned: number };
  readonly 'receipt-foreign': { readonly xc: number };
  readonly 'receipt-other': { readonly xc: number };
  readonly 'receipt-missing': { readonly xc: number; readonly sn: string };
  readonly 'export-not-permitted': { readonly xc: number; readonly sn: string };
  readonly 'export-outside-validity': { readonly xc: number; readonly time: string };
  readonly 'export-after-revocation': { readonly xc: number; readonly time: string };
  readonly 'export-number-reused': { readonly xc: number; readonly times: number };
  readonly 'quota-exceeded': { readonly exports: number; readonly quota: number };
  readonly 'unit-quota-exceeded': { readonly exports: number; readonly quota: number; readonly sn: string };
  readonly 'import-repeated': { readonly sn: string; readonly count: number; readonly receipts: number };
  readonly 'imports-before': { readonly sn: string; readonly imports: number };
  readonly 'imports-missing': { readonly sn: string; readonly first: number; readonly last: number };
}

export type VaultFindingKind = keyof VaultFindingValues;

/** What was found, as values and as an English sentence. */
export interface VaultFindingOf<Kind extends VaultFindingKind> {
  readonly kind: Kind;
  readonly values: VaultFindingValues[Kind];
  readonly words: string;
}
