import Table from 'cli-table3';
import type { Placement, Tenant, TenantStatus } from 'tenantry';
import type { Colors } from './output.js';

/** A tenant as scripts see it; the shape is stable. */
export interface TenantJson {
  readonly id: string;
  readonly name: string;
  readonly status: TenantStatus;
  readonly epoch: number;
  readonly placement: Placement;
}

/** The stable shape of a tenant. */
export function tenantJson({ id, name, status, epoch, placement }: Tenant): TenantJson {
  return { id, name, status, epoch, placement };
}

/** Where a tenant's data lives, in a few characters. */
export function describePlacement({ server, database, schema, rowKey }: Placement): string {
  const whole = `${server}/${database}`;
  if (schema !== undefined) return `${whole}/${schema}`;
  return rowKey === undefined ? whole : `${whole}, rows ${rowKey}`;
}

/** A status in its colour. */
export function paintStatus(status: TenantStatus, colors: Colors): string {
  const paint = {
    active: colors.green,
    suspended: colors.yellow,
    creating: colors.cyan,
    deleted: colors.dim,
  };
  return paint[status](status);
}

/** Columns without lines around them, so that `awk` and `cut` can read them too. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string {
  const view = new Table({
    chars: Object.fromEntries(LINES.map((line) => [line, ''])),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  view.push([...head.map((title) => colors.dim(title))], ...rows.map((row) => [...row]));
  return view
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const LINES = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
] as const;
