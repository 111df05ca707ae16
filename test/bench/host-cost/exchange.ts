// The exchange that every case of benchmark 4 makes: a command APDU of 240 bytes and a response
// APDU of 240 bytes.

/** A case of the benchmark. `run` makes `count` exchanges one after the other. */
export interface Case {
  readonly name: string;
  readonly limit?: string;
  run(count: number): Promise<void>;
}

export const SIZE = 240;

/** A command APDU like that of IMPORTKEY: CLA 80, INS D8, Lc EA, Le 00. */
export const COMMAND: Uint8Array<ArrayBuffer> = Uint8Array.from({ length: SIZE }, (_, i) =>
  i < 5 ? ([0x80, 0xd8, 0x00, 0x00, SIZE - 6][i] ?? 0) : i === SIZE - 1 ? 0 : i & 0xff,
);

export const RESPONSE: Uint8Array<ArrayBuffer> = Uint8Array.from({ length: SIZE }, (_, i) =>
  i === SIZE - 2 ? 0x90 : i === SIZE - 1 ? 0 : (i * 7) & 0xff,
);
