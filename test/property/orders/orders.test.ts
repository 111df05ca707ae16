// Properties of unit lists, CSV tables and balances.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexNumber } from '#protocol/bytes/hex.ts';
import { balance } from '#protocol/orders/balance.ts';
import { encodeCsv, parseCsv } from '#protocol/orders/csv.ts';
import type { WorkOrder } from '#protocol/orders/order.ts';
import { readUnitCsv, readUnitJson, writeUnitCsv, writeUnitJson } from '#protocol/orders/unit-list.ts';
import { arrangeUnits, countUnits, hasUnit, serialNumbers, type UnitRange } from '#protocol/orders/units.ts';

const written = (n: bigint) => hexNumber(n, 32);
/**
 * `base` is an SN to which the elements of `numbers` are added. The small range of `numbers` makes
 * adjacent units and gaps common.
 */
const base = fc.bigInt({ min: 1n, max: 2n ** 128n - 2000n });
const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 120 });

describe('units in any order', () => {
  it('are the same units after sorting, and hasUnit() finds exactly these', () => {
    fc.assert(
      fc.property(base, numbers, (first, offsets) => {
        const given = offsets.map((offset) => written(first + BigInt(offset)));
        const units = arrangeUnits(given.map((sn): UnitRange => [sn, sn]));
        expect(countUnits(units)).toBe(given.length);
        expect([...serialNumbers(units)]).toEqual([...given].sort());
        const known = new Set(offsets);
        const all = Array.from({ length: 402 }, (_, offset) => offset);
        expect(all.filter((offset) => hasUnit(units, written(first + BigInt(offset))))).toEqual(
          all.filter((offset) => known.has(offset)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('are the same after writing and reading CSV and JSON', () => {
    fc.assert(
      fc.property(base, numbers, (first, offsets) => {
        const units = arrangeUnits(
          offsets.map((offset): UnitRange => [written(first + BigInt(offset)), written(first + BigInt(offset))]),
        );
        expect(readUnitCsv(writeUnitCsv(units))).toEqual(units);
        expect(readUnitJson(writeUnitJson(units))).toEqual(units);
      }),
    );
  });
});

describe('any table', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.constantFrom('"', ',', ';', '\r\n', '\n', '""', ' '),
  );

  it('is the same after writing and reading CSV, except for an apostrophe before a formula', () => {
    const width = fc.integer({ min: 2, max: 5 });
    fc.assert(
      fc.property(
        width.chain((cells) => fc.array(fc.array(cell, { minLength: cells, maxLength: cells }), { maxLength: 8 })),
        (rows) => {
          // parseCsv() takes the separator from the head, so the table needs a head.
          const head = ['first', ...(rows[0] ?? []).slice(1).map(() => 'more')];
          const text = encodeCsv([head, ...rows]);
          const back = parseCsv(text)
            .slice(1)
            .map(({ cells }) => cells);
          const expected = rows.filter((cells) => cells.some((each) => each.trim() !== ''));
          expect(back.map((cells) => cells.map((each) => each.replace(/^'(?=\s*[=+\-@＝＋－＠])/u, '')))).toEqual(
            expected.map((cells) => cells.map((each) => each.replace(/^'(?=\s*[=+\-@＝＋－＠])/u, ''))),
          );
        },
      ),
    );
  });

  it('has no cell that begins like a formula', () => {
    fc.assert(
      fc.property(cell, fc.constantFrom('=', '+', '-', '@', '\t=', '\n@'), (rest, start) => {
        const [row] = parseCsv(encodeCsv([[`${start}${rest}`, 'x']]));
        expect(row?.cells[0]).toMatch(/^'/);
      }),
    );
  });
});

describe('any balance', () => {
  it('adds up, and permits closing exactly if every gap has a reason', () => {
    const outcome = fc.constantFrom('done', 'failed', 'unknown', 'absent' as const);
    const given = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), outcome, fc.option(fc.constantFrom('why', ''))));
    fc.assert(
      fc.property(given, fc.option(fc.constant('not there')), (words, absentReason) => {
        const order = { units: [[written(1n), written(10n)]], count: 10 } as unknown as WorkOrder;
        const outcomes = words.map(([n, what, reason]) => ({
          sn: written(BigInt(n)),
          outcome: what as 'done',
          reason,
        }));
        const sum = balance(order, outcomes, absentReason);
        expect(sum.done + sum.failed + sum.unknown + sum.absent).toBe(10);
        expect(sum.gaps.length).toBe(10 - sum.done);
        expect(sum.mayClose).toBe(sum.gaps.every(({ reason }) => reason) && words.every(([n]) => n <= 10));
      }),
    );
  });
});
