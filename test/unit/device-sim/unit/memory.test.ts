// The simulated memory with interrupted writes, and the atomic record on it (docs/protocol.md
// clause 4.6).
import { describe, expect, it } from 'vitest';
import { Memory, MemoryFailure, PowerCut } from '#device-sim/unit/memory.ts';
import { AtomicRecord } from '#device-sim/unit/record.ts';
import { fromHex, toHex } from '#protocol/bytes/hex.ts';

const OLD = fromHex('0102030405060708');
const NEW = fromHex('1112131415161718');

describe('a memory', () => {
  it('stores and returns copies', () => {
    const memory = new Memory();
    const content = fromHex('0102');
    memory.write('cell', content);
    content.fill(0xff);
    memory.read('cell')?.fill(0xee);
    expect(memory.read('cell')).toEqual(fromHex('0102'));
    expect(memory.read('other')).toBeUndefined();
  });

  it.each([
    ['cut before', '0102030405060708'],
    ['cut during', '11121314B0060708'],
    ['cut after', '1112131415161718'],
  ] as const)('contains the written part after a %s a write', (effect, expected) => {
    const memory = new Memory();
    memory.write('cell', OLD);
    memory.arm({ write: 1, effect });
    expect(() => memory.write('cell', NEW)).toThrow(PowerCut);
    expect(toHex(memory.read('cell') ?? fromHex(''))).toBe(expected);
    memory.write('cell', NEW);
    expect(memory.read('cell')).toEqual(NEW);
  });

  it('has FF in the unwritten part of a new cell', () => {
    const memory = new Memory();
    memory.arm({ write: 1, effect: 'cut during' });
    expect(() => memory.write('cell', NEW)).toThrow(PowerCut);
    expect(toHex(memory.read('cell') ?? fromHex(''))).toBe('11121314B0FFFFFF');
  });

  it('counts writes, and applies a fault at the write that the fault names', () => {
    const memory = new Memory();
    memory.arm({ write: 3, effect: 'failure' });
    memory.write('cell', OLD);
    memory.write('cell', OLD);
    expect(() => memory.write('cell', NEW)).toThrow(MemoryFailure);
    expect([memory.writes, toHex(memory.read('cell') ?? fromHex(''))]).toEqual([3, toHex(OLD)]);
    memory.arm({ write: 1, effect: 'failure' });
    memory.disarm();
    memory.write('cell', NEW);
    expect(() => memory.arm({ write: 0, effect: 'failure' })).toThrow(RangeError);
  });

  it('can be restored from its image, which is JSON', () => {
    const memory = new Memory();
    memory.write('a', OLD);
    memory.write('b', NEW);
    const again = new Memory(JSON.parse(JSON.stringify(memory.image())));
    expect([again.read('a'), again.read('b'), again.writes]).toEqual([OLD, NEW, 0]);
  });

  it('reports each write that changed a cell', () => {
    const memory = new Memory();
    let reported = 0;
    memory.onWrite = () => reported++;
    memory.write('a', OLD);
    memory.arm({ write: 1, effect: 'failure' });
    expect(() => memory.write('a', NEW)).toThrow(MemoryFailure);
    memory.arm({ write: 1, effect: 'cut during' });
    expect(() => memory.write('a', NEW)).toThrow(PowerCut);
    expect(reported).toBe(2);
  });
});

describe('an atomic record', () => {
  const write = (memory: Memory, content: Uint8Array): void => {
    const record = new AtomicRecord(memory, 'record');
    record.writeShadow(content);
    record.commit();
  };

  it('is undefined before its first commit', () => {
    const memory = new Memory();
    const record = new AtomicRecord(memory, 'record');
    expect(record.read()).toBeUndefined();
    record.writeShadow(OLD);
    expect(record.read()).toBeUndefined();
    record.commit();
    expect(record.read()).toEqual(OLD);
  });

  it('changes on commit and not before', () => {
    const memory = new Memory();
    write(memory, OLD);
    const record = new AtomicRecord(memory, 'record');
    record.writeShadow(NEW);
    expect([record.read(), record.readShadow()]).toEqual([OLD, NEW]);
    record.commit();
    expect(record.read()).toEqual(NEW);
  });

  it('has the old or the new content after any series of cuts at any write', () => {
    for (const effect of ['cut before', 'cut during', 'cut after'] as const) {
      for (let first = 1; first <= 3; first++) {
        for (let second = 1; second <= 3; second++) {
          const memory = new Memory();
          write(memory, OLD);
          for (const at of [first, second]) {
            memory.arm({ write: at, effect });
            try {
              write(memory, NEW);
              write(memory, NEW);
            } catch (error) {
              expect(error).toBeInstanceOf(PowerCut);
            }
            expect([toHex(OLD), toHex(NEW)]).toContain(toHex(new AtomicRecord(memory, 'record').read() ?? fromHex('')));
          }
          memory.disarm();
          write(memory, NEW);
          expect(new AtomicRecord(memory, 'record').read()).toEqual(NEW);
        }
      }
    }
  });

  it('ignores a corrupt copy', () => {
    const memory = new Memory();
    write(memory, OLD);
    write(memory, NEW);
    memory.write('record.b', fromHex('1112131415161719'));
    expect(new AtomicRecord(memory, 'record').read()).toEqual(OLD);
  });

  it('wipes the inactive copy only', () => {
    const memory = new Memory();
    write(memory, OLD);
    write(memory, NEW);
    const record = new AtomicRecord(memory, 'record');
    const { writes } = memory;
    record.wipeShadow();
    expect(JSON.stringify(memory.image())).not.toContain(toHex(OLD));
    record.wipeShadow();
    expect([record.read(), memory.writes]).toEqual([NEW, writes + 1]);
  });

  it('fails to read a shadow that was never written', () => {
    expect(() => new AtomicRecord(new Memory(), 'record').readShadow()).toThrow(MemoryFailure);
  });
});
