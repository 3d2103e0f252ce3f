import { describe, expect, it } from 'vitest';
import { onEngine } from '../../../../../test/helpers/engines.js';
import type { Subscription } from '../../../src/engine/engine.js';
import { postgres } from '../../../src/engines/postgres/index.js';
import { InvalidInputError } from '../../../src/errors.js';
import { failure, until, useServer } from './test-server.js';

onEngine('postgres', () => {
  const test = useServer();

  async function subscribe(channel: string, database = test.database) {
    const messages: string[] = [];
    const losses: Error[] = [];
    const subscription = await test.server.listen?.(database, channel, {
      onMessage: (payload) => messages.push(payload),
      onLost: (error) => losses.push(error),
    });
    return { messages, losses, subscription: subscription as Subscription };
  }

  async function listeners(): Promise<number[]> {
    const rows = await test.admin(
      `SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = '${test.database}'`,
    );
    return rows.map((row) => Number(row.pid));
  }

  describe('a subscription', () => {
    it('hears its channel and no other, in order', async () => {
      const { messages, losses, subscription } = await subscribe('My "channel"; --');
      const sender = await test.open();
      for (const [channel, payload] of [
        ['My "channel"; --', 'one'],
        ['other', 'never'],
        ['My "channel"; --', ''],
        ['My "channel"; --', 'three 😀'],
      ]) {
        await sender.query('SELECT pg_notify($1, $2)', [channel ?? '', payload ?? '']);
      }
      await until(() => messages.length >= 3);
      expect(messages).toEqual(['one', '', 'three 😀']);
      await subscription.close();
      expect(losses).toEqual([]);
    });

    it('hears what is committed, and only that', async () => {
      const { messages, subscription } = await subscribe('changes');
      const sender = await test.open();
      await sender.begin();
      await sender.query("SELECT pg_notify('changes', 'undone')");
      await sender.rollback();
      await sender.query("SELECT pg_notify('changes', 'done')");
      await until(() => messages.length > 0);
      expect(messages).toEqual(['done']);
      await subscription.close();
    });

    it('that is closed holds no connection, and may be closed again', async () => {
      const { losses, subscription } = await subscribe('changes');
      expect(await listeners()).toHaveLength(1);
      await Promise.all([subscription.close(), subscription.close()]);
      await subscription.close();
      expect(await listeners()).toEqual([]);
      expect(losses).toEqual([]);
    });

    it('that the server ends says so once', async () => {
      const { losses, subscription } = await subscribe('changes');
      for (const pid of await listeners()) await test.admin(`SELECT pg_terminate_backend(${pid})`);
      await until(() => losses.length > 0);
      await subscription.close();
      expect(losses.map((error) => postgres.classifyError(error))).toEqual(['killed']);
    });

    it('that cannot be made leaves nothing behind', async () => {
      expect(await failure(subscribe('x'.repeat(64)))).toBeInstanceOf(InvalidInputError);
      expect(postgres.classifyError(await failure(subscribe('changes', 'Nowhere')))).toBe('unknown-database');
      expect(await listeners()).toEqual([]);
    });
  });
});
