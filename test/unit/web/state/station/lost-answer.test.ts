// An import takes effect before its response is complete: status word 61xx means that the key is
// stored. If a later step fails, GET RECEIPT decides the outcome.
import { describe, expect, it } from 'vitest';
import { fromHex } from '#protocol/bytes/hex.ts';
import { laneMessage } from '#web/ui/messages/lane.ts';
import { attached, type Cable, cable, createBench, IMPORTKEY, load } from './station-fixture.ts';

const GET_RECEIPT = 0xcb;
const GET_RESPONSE = 0xc0;

describe('an import that the unit answers with 61xx', () => {
  /**
   * Loads a key into a unit that stores the key and answers IMPORTKEY with 6140. `answers` are the
   * next responses to GET RESPONSE.
   */
  async function rest(answers: readonly string[], cut?: Cable['cut']) {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.lie = { ins: IMPORTKEY, statusWord: 0x6140 };
    wire.answers.push(...answers.map(fromHex));
    wire.cut = cut;
    await load(lane, 1);
    return { bench, wire, lane };
  }

  it.each([
    ['returns 6D00', ['6D00']],
    ['returns 6985, as a refused import would', ['6985']],
    ['returns nothing', ['9000']],
    ['returns half of the receipt', [`${'5A'.repeat(32)}9000`]],
    ['returns more bytes than announced', [`${'5A'.repeat(65)}9000`]],
    ['returns 64 bytes that are not a receipt', [`${'5A'.repeat(64)}9000`]],
    ['returns no status word', ['90']],
    ['ends in an execution error', [`${'5A'.repeat(10)}6136`, '6F00']],
  ])('is done, as GET RECEIPT shows, when GET RESPONSE %s', async (_, answers) => {
    const { bench, wire, lane } = await rest(answers);
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
    expect(wire.commands.at(-1)).toBe(GET_RECEIPT);
    expect((await bench.journal.list(1))[0]?.outcome).toBe('done');
  });

  it('is done when the unit is silent at GET RESPONSE', async () => {
    const { lane } = await rest([], { ins: GET_RESPONSE, when: 'silence' });
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
  });

  it('is unknown while the unit is unplugged, and done when it returns', async () => {
    const { bench, wire, lane } = await rest([], { ins: GET_RESPONSE, when: 'before' });
    expect(lane.phase).toMatchObject({ is: 'unknown', failure: { code: 'device-lost' } });
    wire.cut = undefined;
    bench.remembered = [wire.link(2)];
    await bench.changed();
    expect(lane.phase).toMatchObject({ is: 'done', loaded: { ref2: 2, akv: 5 } });
  });

  it('is unknown if GET RECEIPT is not answered either', async () => {
    const bench = await createBench();
    await bench.session.signIn('token');
    const wire = cable();
    const lane = await attached(bench, wire);
    wire.lie = { ins: IMPORTKEY, statusWord: 0x6140 };
    wire.answers.push(fromHex('6D00'));
    wire.cut = { ins: GET_RECEIPT, when: 'silence' };
    await load(lane, 1);
    expect(laneMessage(lane, 'linux')).toMatchObject({ kind: 'unknown' });
    wire.cut = undefined;
    await lane.retry();
    expect(lane.phase.is).toBe('done');
  });
});
