// The page does not record a verdict on a receipt other than the one in the vault.
import { expect, it } from 'vitest';
import type { Envelope } from '#protocol/signing/envelope.ts';
import { returnVaultJournal, type VaultReturnOptions } from '#web/state/tokens/vault-return.ts';

const receipt = new Uint8Array(64).fill(1);
const made = { exportId: 'a', receipt };

it.each([
  ['confirms its receipt', { exportId: 'a', receipt }, 1],
  ['is of another export', { exportId: 'b', receipt }, 0],
  ['is on another receipt', { exportId: 'a', receipt: new Uint8Array(64).fill(2) }, 0],
])('a verdict that %s', async (_what, verdict, verdicts) => {
  const findings = [{ grave: true }, { grave: false }];
  const options = {
    returns: {
      sendJournal: async () => ({
        exports: 1,
        receipts: 1,
        findings,
        verdicts: [{ ...verdict, xc: 1 }],
        auditHead: '{}',
      }),
    },
    store: { findExport: async () => made },
    journal: { list: async () => [], append: () => expect.fail('no attempt has this export') },
  } as unknown as VaultReturnOptions;
  expect(await returnVaultJournal(options, { id: 'v', origin: 'vault v' }, {} as Envelope)).toEqual({
    ...{ exports: 1, receipts: 1, verdicts, recorded: 0 },
    ...{ problems: [{ grave: true }], notes: [{ grave: false }] },
  });
});
