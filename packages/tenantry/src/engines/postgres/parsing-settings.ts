import type { ServerAddress } from '../../engine/address.js';
import { InvalidOptionError } from '../../errors.js';
import { quoteForMessage } from '../../tenant/name.js';
import type { Client, Settings } from './driver.js';
import { ask } from './own-values.js';

/** What the driver takes for given where it reads values. The encoding it names itself. */
const PINNED: Settings = {
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
};

/**
 * The settings with which a session begins, by the URL's parameters `settings` and `timezone`. Where the start-up
 * message names one, what the database or the role has set for it does not hold, and every reset goes back to it.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export function parsingSettings({ parameters }: ServerAddress): Settings {
  const mode = parameters.get('settings') ?? 'pinned';
  const zone = parameters.get('timezone');
  if (mode !== 'pinned' && mode !== 'server') {
    throw new InvalidOptionError(`The postgres URL has settings=${quoteForMessage(mode)}.`, {
      hint: 'Known are: pinned, server.',
    });
  }
  if (zone !== undefined && !/^[\w+\-/:]+$/.test(zone)) {
    throw new InvalidOptionError(`The postgres URL has timezone=${quoteForMessage(zone)}.`, {
      hint: 'Name a time zone as PostgreSQL knows it: UTC, Europe/Berlin.',
    });
  }
  return { ...(mode === 'pinned' && PINNED), ...(zone !== undefined && { TimeZone: zone }) };
}

/** Whether a pooler refused the start-up message for what it does not pass on. */
export function isNotPassedOn(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === '08P01' && /startup/i.test(error.message);
}

/**
 * Looks whether a session behind a pooler, which takes no settings with the start-up message, has them by itself:
 * then every reset goes back to them too.
 *
 * @throws InvalidOptionError (`TENANTRY_INVALID_OPTION`)
 */
export async function assertSettings(client: Client, settings: Settings): Promise<void> {
  const names = Object.keys(settings);
  const columns = names.map((name, index) => `pg_catalog.current_setting('${name}') AS s${index}`);
  const [row = {}] = await ask<Record<string, string>>(client, `SELECT ${columns.join(', ')}`);
  for (const [index, name] of names.entries()) {
    const is = row[`s${index}`] ?? '';
    if (!isAs(name, is, settings[name] ?? '')) throw otherwise(client, name, is, settings[name] ?? '');
  }
}

function isAs(name: string, is: string, wanted: string): boolean {
  if (name === 'DateStyle') return is.startsWith(wanted);
  if (name === 'extra_float_digits') return Number(is) >= Number(wanted);
  return is.toLowerCase() === wanted.toLowerCase();
}

function otherwise({ user, database }: Client, name: string, is: string, wanted: string): InvalidOptionError {
  return new InvalidOptionError(
    `Behind its pooler, ${user} has ${name} = ${is} in ${database}, and values would be read wrongly: ${wanted} is needed.`,
    {
      hint: `ALTER ROLE "${user}" SET ${name} = '${wanted}', or connect to the server itself, or leave all settings to the server with ?settings=server.`,
    },
  );
}
