import { type EngineUnderTest, forEachEngine, onEngine } from '../../../../test/helpers/engines.js';
import { parseAddress } from '../../src/engine/address.js';
import type { Engine } from '../../src/engine/engine.js';
import { mysql } from '../../src/engines/mysql/index.js';
import { postgres } from '../../src/engines/postgres/index.js';
import { sqlite } from '../../src/engines/sqlite/index.js';
import { describeEngine, type EngineFixture, TcpProxy } from '../../src/testing/index.js';

const ENGINES: Readonly<Record<EngineUnderTest['name'], Engine>> = { mysql, postgres, sqlite };

forEachEngine((underTest) => describeEngine(underTest.label, () => makeFixture(underTest)));

onEngine('sqlite', (underTest) => {
  for (const worker of ['thread', 'process']) {
    if (worker === 'thread' && underTest.label.includes('libsql')) continue; // Refused: it crashes there.
    describeEngine(`${underTest.label} in a ${worker}`, () => makeFixture(underTest, `&worker=${worker}`));
  }
});

async function makeFixture(underTest: EngineUnderTest, parameters = ''): Promise<EngineFixture> {
  const engine = ENGINES[underTest.name];
  const namespace = await underTest.openNamespace();
  const serverAt = (url: string) => engine.server(parseAddress(url));
  let databases = 0;
  const common = {
    server: serverAt(namespace.url + parameters),
    databaseName: () => namespace.name(`Database_${++databases}`),
  };
  if (namespace.server === undefined) {
    const missing = 'a folder of files has no server';
    return {
      ...common,
      refused: { missing },
      unreachable: { missing },
      silent: { missing },
      close: () => namespace.close(),
    };
  }

  const { tcpUrl } = namespace.server;
  const silentProxy = await TcpProxy.open({ host: '127.0.0.1', port: Number(new URL(tcpUrl).port) });
  silentProxy.blackHole();
  const throughProxy = new URL(tcpUrl);
  throughProxy.port = String(silentProxy.port);
  const wrongPassword = new URL(tcpUrl);
  wrongPassword.username = 'tenantry_nobody';
  wrongPassword.password = 'wrong';
  const nobodyListens = await TcpProxy.open({ port: 1 });
  await nobodyListens.close();
  const closedPort = new URL(tcpUrl);
  closedPort.port = String(nobodyListens.port);
  return {
    ...common,
    refused: { value: serverAt(wrongPassword.href) },
    unreachable: { value: serverAt(closedPort.href) },
    silent: { value: { server: serverAt(throughProxy.href), connections: () => silentProxy.connections } },
    async close() {
      await silentProxy.close();
      await namespace.close();
    },
  };
}
