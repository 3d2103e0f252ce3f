import type { Command } from 'commander';
import type { Run } from '../../call.js';
import { addCreate } from './create.js';
import { addDelete } from './delete.js';
import { addGet } from './get.js';
import { addList } from './list.js';
import { addResume } from './resume.js';
import { addSuspend } from './suspend.js';
import { addTakeOver } from './take-over.js';

/** `tenantry tenants ...` */
export function addTenants(program: Command, run: Run): void {
  const tenants = program.command('tenants').description('make, find and change tenants');
  addCreate(tenants, run);
  addList(tenants, run);
  addGet(tenants, run);
  addSuspend(tenants, run);
  addResume(tenants, run);
  addTakeOver(tenants, run);
  addDelete(tenants, run);
}
