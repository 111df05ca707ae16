// The content of a printed label.

export interface UnitLabel {
  readonly sn: string;
  readonly kcv: string;
  /** Name of the key. */
  readonly key: string;
  /** Id of the work order; empty for a key that was loaded without one. */
  readonly order: string;
}
