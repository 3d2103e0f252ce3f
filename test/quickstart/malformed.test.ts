import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineUnderTest } from '../helpers/engines.js';
import { useInstallation } from './installations.js';
import { type Quickstart, startQuickstart } from './process.js';

describe('a request that is not as it should be', () => {
  const installation = useInstallation(engineUnderTest('sqlite'));
  let quickstart: Quickstart;
  beforeAll(async () => {
    quickstart = await startQuickstart(installation().url);
  });
  afterAll(async () => {
    await quickstart?.[Symbol.asyncDispose]();
  });

  /** Sends bytes as they are and reads the answer to its end. */
  async function send(request: string): Promise<{ status: number; type: string | undefined; body: string }> {
    const socket = connect(Number(new URL(quickstart.origin).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.end(request, 'latin1');
    await once(socket, 'close');
    const [head = '', ...rest] = answer.split('\r\n\r\n');
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
      type: /^content-type: (.*)$/im.exec(head)?.[1]?.trim(),
      body: rest.join('\r\n\r\n'),
    };
  }

  const line = (method: string, target: string, headers: readonly string[] = [], body = '') =>
    `${[`${method} ${target} HTTP/1.1`, 'host: x', 'connection: close', ...headers].join('\r\n')}\r\n\r\n${body}`;
  const withBody = (method: string, target: string, type: string, body: string) =>
    line(method, target, [`content-type: ${type}`, `content-length: ${Buffer.byteLength(body)}`], body);

  const requests: Record<string, readonly [request: string, status: number]> = {
    'an empty tenant': [line('GET', '//users'), 404],
    'an empty tenant, deeper': [line('GET', '///'), 404],
    'an unknown path': [line('GET', '/nothing/here'), 404],
    'bad JSON to an unknown path': [withBody('POST', '/nothing', 'application/json', '{'), 404],
    'a body of an unknown type to an unknown path': [withBody('POST', '/nothing', 'text/xml', '<x/>'), 404],
    'a JSON body that is empty': [withBody('POST', '/nothing', 'application/json', ''), 404],
    'bad JSON to users': [withBody('POST', '/TenantA/users', 'application/json', '{'), 405],
    'a body that is too large': [
      line('POST', '/nothing', ['content-type: application/json', 'content-length: 99999999']),
      404,
    ],
    'another method': [line('DELETE', '/TenantA/users'), 405],
    'another method on health': [line('DELETE', '/health'), 405],
    'a method that few know': [line('PROPFIND', '/TenantA/users'), 405],
    'a method that few know, elsewhere': [line('PROPFIND', '/nothing'), 404],
    'QUERY and TRACE': [line('TRACE', '/TenantA/users'), 405],
    'a method that nobody knows': [line('FROB', '/TenantA/users'), 400],
    'bad percent-encoding': [line('GET', '/%zz/users'), 400],
    'bad UTF-8': [line('GET', '/%ff%fe/users'), 400],
    'bad percent-encoding elsewhere': [line('GET', '/%'), 400],
    'NUL in the path': [line('GET', '/%00/users'), 404],
    'OPTIONS *': [line('OPTIONS', '*'), 404],
    'a target that is no path': [line('GET', 'x'), 400],
    'a header that is too large': [line('GET', '/TenantA/users', [`x: ${'x'.repeat(100_000)}`]), 431],
    'no HTTP': ['hello\r\n\r\n', 400],
    'two lengths': [line('POST', '/TenantA/users', ['content-length: 1', 'content-length: 2']), 400],
  };

  it.each(Object.entries(requests))('%s is answered as a problem', async (_what, [request, status]) => {
    const answer = await send(request);
    expect(answer).toMatchObject({ status, type: 'application/problem+json' });
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'about:blank', status });
  });

  it('an absolute target means its path', async () => {
    const answer = await send(line('GET', 'http://x/TenantA/users'));
    expect(answer.status).toBe(200);
  });

  it('whatever it is, is no fault of the server', async () => {
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'PATCH', 'LOCK', 'GETS');
    const part = fc.constantFrom(
      '/',
      '//',
      'users',
      'TenantA',
      '%',
      '%00',
      '%2f',
      '..',
      '?',
      '#',
      ';',
      '*',
      'http://',
      ':',
      '{',
      '\\',
      'é',
    );
    const type = fc.constantFrom('application/json', 'text/plain', 'x', '', 'application/json; charset=x');
    const body = fc.constantFrom('', '{', 'null', '"x"', '\0');
    await fc.assert(
      fc.asyncProperty(
        method,
        fc.array(part, { maxLength: 6 }),
        type,
        body,
        async (verb, parts, kind, text) => {
          const { status, type: answered } = await send(withBody(verb, `/${parts.join('')}`, kind, text));
          expect([200, 400, 404, 405]).toContain(status);
          if (status !== 200) expect(answered).toBe('application/problem+json');
        },
      ),
      { numRuns: 150 },
    );
    const { stderr } = await quickstart.stop();
    expect(stderr).toBe('');
  });
});
