// Detects which party answered a request: the AS, a server in front of it, or another device on the
// network. Only a problem document of the AS ends a session.
import { describe, expect, it } from 'vitest';
import type { StationReportJson } from '#protocol/orders/requests.ts';
import { PROBLEM_BASE } from '#protocol/service/problem.ts';
import type { Envelope } from '#protocol/signing/envelope.ts';
import type { RemoteAs } from '#web/as-client/remote-as.ts';
import { VaultReturns } from '#web/as-client/vault-returns.ts';
import { WorkOrders } from '#web/as-client/work-orders.ts';
import { jsonAnswer, problem } from './fake-as.ts';
import { signedIn } from './remote-as-fixture.ts';

const html = (status: number): Response =>
  new Response('<!doctype html><title>Welcome</title>', { status, headers: { 'content-type': 'text/html' } });
const redirected = (): Response => Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' });

type Case = readonly [what: string, answer: () => Response, code: string];

/** Answers that are not from the AS. */
const FOREIGN: readonly Case[] = [
  ['the sign-in page of a network', () => html(200), 'not-the-as'],
  ['a redirect to the sign-in page of a network', redirected, 'not-the-as'],
  ['a network that requires a sign-in (511)', () => html(511), 'not-the-as'],
  ['a proxy that requires a sign-in (407)', () => html(407), 'not-the-as'],
  ['a page in place of JSON, with its content type', () => bodyOf('<html>'), 'not-the-as'],
  ['an answer without a content type', () => new Response(new Uint8Array(2)), 'not-the-as'],
  ['nothing at all (204)', () => new Response(null, { status: 204 }), 'not-the-as'],
  ['a proxy that refuses the access code (401)', () => html(401), 'not-the-as'],
  ['a proxy that forbids the address (403)', () => html(403), 'not-the-as'],
  ['a static server (404)', () => html(404), 'not-the-as'],
  ['a static server that allows no POST (405)', () => html(405), 'not-the-as'],
  ['a proxy with a limit for bodies (413)', () => html(413), 'not-the-as'],
  ['another service (401, JSON)', () => jsonAnswer({ error: 'unauthorized' }, 401), 'not-the-as'],
  ['another service (problem document)', () => foreignProblem('about:blank', 401), 'not-the-as'],
  ['another service (its own problem type)', () => foreignProblem('https://api.example/signed-out', 403), 'not-the-as'],
  ['a malformed problem document', () => jsonAnswer({ status: 400 }, 400, 'application/problem+json'), 'not-the-as'],
  ['another service (200, JSON)', () => jsonAnswer({ error: 'login required', status: 'redirect' }), 'not-the-as'],
  ['another service (200, a list)', () => jsonAnswer([{ id: 1 }]), 'not-the-as'],
  ['a gateway (502)', () => html(502), 'gateway-failed'],
  ['a gateway (503)', () => html(503), 'gateway-failed'],
  ['a gateway (504, JSON)', () => jsonAnswer({ message: 'Endpoint request timed out' }, 504), 'gateway-failed'],
  ['a gateway with a problem document', () => foreignProblem('about:blank', 503), 'gateway-failed'],
  ['a content network (522)', () => html(522), 'gateway-failed'],
  ['a gateway with its own limit (429)', () => html(429), 'gateway-failed'],
  ['a gateway that waited too long for the request (408)', () => html(408), 'gateway-failed'],
  ['an incomplete answer', () => bodyOf('{"sets":[{"set":1'), 'service-unreachable'],
  ['an empty answer', () => bodyOf(''), 'service-unreachable'],
];

function bodyOf(text: string): Response {
  return new Response(text, { headers: { 'content-type': 'application/json' } });
}

function foreignProblem(type: string, status: number): Response {
  return jsonAnswer({ type, title: 'Unauthorized', status, detail: 'no' }, status, 'application/problem+json');
}

describe('an answer that is not from the AS', () => {
  it.each(FOREIGN)('%s is reported as such and does not end the session', async (_what, answer, code) => {
    const { service, as } = await signedIn();
    service.instead['/v1/keys'] = answer;
    await expect(as.keys()).rejects.toMatchObject({ code });
    delete service.instead['/v1/keys'];
    expect(await as.keys()).toHaveLength(1);
  });

  it.each(FOREIGN)('%s does not sign an operator in or out', async (_what, answer, code) => {
    const { service, as } = await signedIn();
    service.instead['/v1/trust'] = answer;
    await expect(as.signIn('kf_anAccessCode')).rejects.toMatchObject({ code });
  });
});

/** The requests of every client that uses RemoteAs, with the path of each request. */
const CLIENTS: readonly (readonly [what: string, path: string, ask: (as: RemoteAs) => Promise<unknown>])[] = [
  ['the return of a vault journal', '/v1/vaults/v/journal', (as) => new VaultReturns(as).sendJournal('v', JOURNAL)],
  ['the list of work orders', '/v1/work-orders', (as) => new WorkOrders(as).list()],
  ['a work order', '/v1/work-orders/A', (as) => new WorkOrders(as).read('A')],
  ['the progress of a work order', '/v1/work-orders/A/progress', (as) => new WorkOrders(as).progress('A', undefined)],
  ['a station report', '/v1/work-orders/A/report', (as) => new WorkOrders(as).report('A', STATION_REPORT)],
  ['the report of a work order', '/v1/work-orders/A/report', (as) => new WorkOrders(as).reportFile('A')],
];
const JOURNAL: Envelope = { payloadType: 'a/b', payload: 'e30', signatures: [{ keyid: '0'.repeat(16), sig: '' }] };
const STATION_REPORT: StationReportJson = {
  app: { version: '1', build: '1' },
  head: null,
  units: [],
  absentReason: null,
  close: false,
};

describe.each(CLIENTS)('the request for %s', (_what, path, ask) => {
  it.each(FOREIGN)('names %s', async (_answer, answer, code) => {
    const { service, as } = await signedIn();
    service.instead[path] = answer;
    await expect(ask(as)).rejects.toMatchObject({ code });
    expect(as.operator).toBeDefined();
  });
});

describe('an answer of the AS', () => {
  it('ends the session when the access code is no longer valid', async () => {
    const { service, as } = await signedIn();
    service.instead['/v1/keys'] = () => problem('signed-out');
    await expect(as.keys()).rejects.toMatchObject({ code: 'signed-out' });
    expect(as.operator).toBeUndefined();
  });

  it('is recognised even if a proxy has changed the content type of its problem to JSON', async () => {
    const { service, as } = await signedIn();
    const stated = { type: `${PROBLEM_BASE}quota-used`, title: 'No exports are left', status: 403, detail: 'used' };
    service.instead['/v1/keys'] = () => jsonAnswer(stated, 403);
    await expect(as.keys()).rejects.toMatchObject({ code: 'quota-used' });
  });
});
