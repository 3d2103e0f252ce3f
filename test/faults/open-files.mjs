// Run by open-files.test.ts with a small limit of open files: uses all of them up for a moment, and says what
// the administration of tenants came to meanwhile and afterwards.
import { closeSync, openSync } from 'node:fs';
import { createTenancy } from 'tenantry';

const [folder, left] = process.argv.slice(2);
const tenancy = await createTenancy({ catalog: `sqlite:${folder}`, setup: true });
await tenancy.tenants.create({ name: 'known' });
await tenancy.session('known').ready();
const free = useUp(Number(left));
const opening = await outcome(tenancy.session('known').query('SELECT 1'));
const worst = await administrate('worst');
free();
const after = await administrate('after');
await tenancy.close();
console.log(JSON.stringify({ opening, worst, after }));

/** @param {string} name */
async function administrate(name) {
  return [
    await outcome(tenancy.tenants.list()),
    await outcome(tenancy.tenants.create({ name })),
    await outcome(tenancy.tenants.list({ status: 'deleted' })),
    await outcome(
      tenancy.session(name === 'after' ? name : 'nobody').ready(),
      name === 'after' ? undefined : 'TENANTRY_UNKNOWN_TENANT',
    ),
  ];
}

/**
 * @param {Promise<unknown>} work
 * @param {string} [expected]
 */
async function outcome(work, expected) {
  try {
    await work;
    return 'done';
  } catch (error) {
    const { code, message } = /** @type {{ code?: string; message: string }} */ (error);
    return code !== undefined && code === expected ? 'done' : (code ?? message);
  }
}

/**
 * Opens files until there are no more, gives some back, and returns what gives the rest back.
 *
 * @param {number} left
 */
function useUp(left) {
  /** @type {number[]} */
  const files = [];
  try {
    for (;;) files.push(openSync('/dev/null', 'r'));
  } catch {
    for (const file of files.splice(0, left)) closeSync(file);
  }
  return () => {
    for (const file of files) closeSync(file);
  };
}
