// The check of a report in the page and in the verifier: which root keys are trusted, and which of
// several checks determines the result.
import { describe, expect, it, vi } from 'vitest';
import { toBase64url } from '#protocol/bytes/text.ts';
import { isSignedBy } from '#protocol/crypto/ed25519.ts';
import { ReportSetup } from '#test/support/reports.ts';
import { Verification } from '#web/state/report/verification.svelte.ts';

describe('the check of a report', () => {
  const root = toBase64url(new Uint8Array(32).fill(7));
  const pinned = async () => [{ service: 'https://as.example', root }];

  it('trusts the pinned root key, and a root key that the reader types in full', async () => {
    const check = new Verification(pinned, () => false);
    await check.readRoots();
    expect(check.roots.map(({ name }) => name)).toEqual(['https://as.example']);
    check.addRoot(root.slice(1));
    expect(check.isRootRefused).toBe(true);
    check.addRoot(`${root.slice(0, -1)}B`); // not canonical: an unused bit is set
    expect(check.isRootRefused).toBe(true);
    check.addRoot(`${'0A'.repeat(31)} 0b`);
    check.addRoot(root);
    expect(check.isRootRefused).toBe(false);
    expect(check.roots).toHaveLength(2);
    expect(check.roots[1]?.fingerprint).toMatch(/^[0-9A-F]{32}$/);
  });

  it('has a verdict on a file that is not a report', async () => {
    const check = new Verification(pinned, () => false);
    await check.readRoots();
    const [first] = check.roots;
    if (!first) throw new TypeError('no root');
    await check.check('{"no": "report"}', first);
    expect(check.verdict?.genuine).toBe(false);
    expect(check.verdict?.faults.map(({ code }) => code)).toEqual(['not-a-report']);
    expect(check.progress).toBeUndefined();
  });

  it('accepts a root key in hex digits or base64url, and each only once', async () => {
    const check = new Verification(
      async () => [],
      () => false,
    );
    for (const typed of ['07'.repeat(32), root, '07 '.repeat(32)]) check.addRoot(typed);
    expect(check.roots).toMatchObject([{ name: 'Typed in', root }]);
    for (const typed of ['', '07'.repeat(31), '07'.repeat(33), '0G'.repeat(32), `${root}A`]) {
      check.addRoot(typed);
      expect(check.isRootRefused, typed).toBe(true);
    }
    expect(check.roots).toHaveLength(1);
  });

  it('shows why a file cannot be read, until the next file is opened', async () => {
    const check = new Verification(pinned, () => false);
    const file = (size: number) => ({ name: 'r', size, arrayBuffer: async () => new Uint8Array([0x7b, 0x7d]).buffer });
    expect(await check.open(file(2 ** 40))).toBeUndefined();
    expect(check.refusedFile).toMatchObject({ title: 'This file is too long.', remedy: 'Choose another file' });
    expect(await check.open(file(2))).toBe('{}');
    expect(check.refusedFile).toBeUndefined();
    const broken = Object.defineProperty(file(2), 'size', {
      get: () => {
        throw new TypeError('bug');
      },
    });
    await expect(check.open(broken)).rejects.toThrow(TypeError);
  });

  it('has progress, the root key that it used, and a table at the end', async () => {
    const reports = await ReportSetup.open();
    try {
      const service = async () => [{ service: 'https://as.example', root: reports.genuine.root }];
      const check = new Verification(service, (...signed) => isSignedBy(...signed));
      await check.readRoots();
      const [first] = check.roots;
      if (!first) throw new TypeError('no root');
      expect(check.csv()).toBe('');
      const checking = check.check(JSON.stringify(reports.genuine), first);
      expect(check.progress).toEqual([0, 0]);
      await checking;
      expect(check).toMatchObject({ progress: undefined, usedRoot: first, verdict: { genuine: true } });
      expect(check.csv().split('\n').length).toBeGreaterThan(reports.genuine.rows.length);
      await check.open({ name: 'other', size: 1, arrayBuffer: async () => new Uint8Array([0x61]).buffer });
      expect(check.verdict).toBeUndefined();
    } finally {
      await reports.close();
    }
  });

  it('shows how many rows of a long report it has checked', async () => {
    const reports = await ReportSetup.open();
    try {
      const { genuine } = reports;
      const seen = new Set<string>();
      const check: Verification = new Verification(
        async () => [{ service: 'https://as.example', root: genuine.root }],
        () => {
          seen.add(JSON.stringify(check.progress));
          return true;
        },
      );
      await check.readRoots();
      const [first] = check.roots;
      if (!first) throw new TypeError('no root');
      const rows = Array.from({ length: 65 }, () => genuine.rows[0]);
      await check.check(JSON.stringify({ ...genuine, rows }), first);
      expect([...seen]).toEqual(['[0,0]', '[64,65]']);
    } finally {
      await reports.close();
    }
  });

  it('drops the verdict on a file when another file was opened during the check', async () => {
    const reports = await ReportSetup.open();
    try {
      const signatures: (() => void)[] = [];
      const service = async () => [{ service: 'https://as.example', root: reports.genuine.root }];
      const check = new Verification(service, (...signed) => {
        return new Promise((resolve) => signatures.push(() => resolve(isSignedBy(...signed))));
      });
      await check.readRoots();
      const [first] = check.roots;
      if (!first) throw new TypeError('no root');
      let isOver = false;
      const slow = check.check(JSON.stringify(reports.genuine), first).finally(() => {
        isOver = true;
      });
      await vi.waitUntil(() => signatures.length > 0);
      await check.check('{"no": "report"}', first);
      while (!isOver) {
        expect(check.progress).toBeUndefined();
        for (const answer of signatures.splice(0)) answer();
        await new Promise(setImmediate);
      }
      await slow;
      expect(check.verdict?.faults.map(({ code }) => code)).toEqual(['not-a-report']);
    } finally {
      await reports.close();
    }
  });
});
