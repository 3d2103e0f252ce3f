import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import { certify, IdentityAheadError } from '../../../src/pool/certificate.js';
import { certifyFor, type PoolTarget } from '../../../src/pool/target.js';
import type { Route } from '../../../src/tenant/tenant.js';
import { failure, useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();

  describe('a new connection', () => {
    it('proves its database again, so that a process that missed a change of epoch is refused', async () => {
      const route: Route = {
        id: 'one',
        name: 'one',
        status: 'active',
        incarnation: 'here',
        epoch: 1,
        placement: { isolation: 'database', server: 'main', database: test.database, identity: 'table' },
        schemaVersion: null,
        revision: 1,
      };
      const target: PoolTarget = {
        key: route.id,
        label: route.name,
        epoch: route.epoch,
        database: test.database,
        place: {},
        certifiedOn: new Set(),
        certify: (connection) => certify(connection, route),
      };
      const identity = { incarnation: 'here', tenantId: 'one', epoch: 1, fence: 1, state: 'active' } as const;
      await test.provisioning.changeIdentity(test.database, undefined, identity);
      await certifyFor(target, await test.open());
      await certifyFor(target, await test.open());
      await test.provisioning.changeIdentity(test.database, identity, { ...identity, epoch: 2 });
      expect(await failure(certifyFor(target, await test.open()))).toBeInstanceOf(IdentityAheadError);
    });
  });
});
