// The load generator, a process of its own: a closed loop of connections, kept alive or made anew for each request. It looks at every body,
// because a fast answer from the wrong tenant is not a result.

import { performance } from 'node:perf_hooks';
import { answerParent } from '../lib/child.mjs';
import { HttpConnection } from './http-connection.mjs';
import { sequence, tenantName } from './sequence.mjs';

answerParent({ run });

/**
 * @param {object} load
 * @param {number} load.port
 * @param {number} load.connections
 * @param {number} [load.seconds] no end but the sequence's where it is left out
 * @param {import('./sequence.mjs').Distribution} load.distribution
 * @param {number} load.tenants
 * @param {number} load.seed
 * @param {boolean} [load.close] a connection for each request
 * @param {string} [load.rowsOf] whose rows come, where every request is answered from one database
 */
async function run(load) {
  const { port, connections, seconds = Infinity, distribution, tenants, seed, close = false, rowsOf } = load;
  const next = sequence(distribution, tenants, seed);
  const latencies = [];
  const failures = { errors: 0, wrong: 0, first: '' };
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;

  async function loop() {
    let connection = new HttpConnection(port);
    try {
      for (let number = next(); number !== undefined; number = next()) {
        const name = tenantName(number);
        const sentAt = performance.now();
        const { status, body } = await connection.send(requestOf(name, close));
        const answeredAt = performance.now();
        if (status !== 200) fail('errors', `${status} ${body}`);
        else if (body !== expectedBody(name, rowsOf ?? name)) fail('wrong', `for ${name}: ${body}`);
        if (answeredAt > endsAt) break;
        latencies.push(answeredAt - sentAt);
        if (!close) continue;
        connection.close();
        connection = new HttpConnection(port);
      }
    } finally {
      connection.close();
    }
  }

  function fail(kind, what) {
    failures[kind]++;
    failures.first ||= what.slice(0, 500);
  }

  await Promise.all(Array.from({ length: connections }, loop));
  const elapsed = Math.min(performance.now(), endsAt) - startedAt;
  latencies.sort((one, other) => one - other);
  const quantile = (share) => latencies[Math.floor(latencies.length * share)] ?? 0;
  const rate = latencies.length / (elapsed / 1000);
  return { requests: latencies.length, rate, p50: quantile(0.5), p99: quantile(0.99), failures };
}

const requests = new Map();

function requestOf(name, close) {
  let request = requests.get(name);
  if (request === undefined) {
    const ending = close ? 'Connection: close\r\n' : '';
    request = `GET /${name}/users HTTP/1.1\r\nHost: bench\r\n${ending}\r\n`;
    requests.set(name, request);
  }
  return request;
}

const bodies = new Map();

function expectedBody(name, owner) {
  const key = name === owner ? name : `${name} ${owner}`;
  let body = bodies.get(key);
  if (body === undefined) {
    body = JSON.stringify({ [name]: [`first of ${owner}`, `second of ${owner}`] });
    bodies.set(key, body);
  }
  return body;
}
