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
      await test.provisioning.writeIdentity(test.database, { tenantId: 'one', epoch: 1, state: 'active' });
      await certifyFor(target, await test.open());
      await certifyFor(target, await test.open());
      await test.provisioning.writeIdentity(test.database, { tenantId: 'one', epoch: 2, state: 'active' });
      expect(await failure(certifyFor(target, await test.open()))).toBeInstanceOf(IdentityAheadError);
    });
  });
});
