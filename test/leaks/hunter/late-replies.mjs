import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** @typedef {import('../random.mjs').Random} Random */
/** @typedef {import('node:net').Socket} Socket */

/** Of each tide, the part whose replies are late, and how late they are. */
const TIDE_MS = 60;
const SLACK_MS = 20;
const LATE_MS = [15, 50];
/** Some are so late that the poll has heard of a change before. */
const VERY_LATE = { share: 0.15, ms: [80, 300] };

/**
 * A relay to the catalog that sends questions on at once and holds some replies back: what was asked later, on
 * another connection, is then answered and done before an earlier answer arrives. It cuts nothing.
 *
 * @param {{ host: string, port: number }} target
 * @param {Random} random
 * @returns {Promise<{ port: number, close: () => Promise<void> }>}
 */
export async function relayLate(target, random) {
  /** @type {Set<Socket>} */
  const sockets = new Set();
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ ...target, noDelay: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // What broke one side breaks the other.
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    void relay(upstream, client, random).catch(() => client.destroy());
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * @param {Socket} from
 * @param {Socket} to
 * @param {Random} random
 */
async function relay(from, to, random) {
  for await (const bytes of from) {
    if (performance.now() % TIDE_MS < SLACK_MS && random.chance(0.5)) {
      const [min = 0, max = 0] = random.chance(VERY_LATE.share) ? VERY_LATE.ms : LATE_MS;
      await sleep(random.integer(min, max));
    }
    to.write(bytes);
  }
  to.end();
}
