import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findBinary } from './binaries.mjs';

const run = promisify(execFile);
const POLICY = '/usr/sbin/policy-rc.d';
const CLUSTER_SETTINGS = '/etc/postgresql-common/createcluster.d';
const CLUSTER_SETTING = `${CLUSTER_SETTINGS}/tenantry-tests.conf`;
const APT_OPTIONS = ['-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];

/** Why this machine cannot be asked to install packages, or undefined if it can. */
export function whyNotInstall() {
  if (process.env.TENANTRY_TEST_INSTALL === 'never')
    return 'TENANTRY_TEST_INSTALL=never forbids to install it';
  if (!existsSync('/etc/debian_version') || findBinary('apt-get') === undefined) return 'this is not Debian';
  if (process.getuid?.() !== 0) return 'only root can install packages';
  return undefined;
}

/**
 * Installs Debian packages without letting any of their daemons start. What it prints is shown.
 *
 * @param {readonly string[]} packages
 */
export async function installPackages(packages) {
  const ownPolicy = !existsSync(POLICY);
  if (!ownPolicy && !(await forbidsDaemons())) {
    throw new Error(
      `${POLICY} lets daemons start; make it exit 101 or install ${packages.join(' ')} yourself.`,
    );
  }
  await mkdir(CLUSTER_SETTINGS, { recursive: true });
  await writeFile(CLUSTER_SETTING, 'create_main_cluster = false\n');
  try {
    await shell('exec apt-get -o DPkg::Lock::Timeout=120 update -q');
    // The policy holds as long as apt runs, which has the shell's process id: one that a killed run leaves
    // behind forbids nothing.
    const policy = `printf '#!/bin/sh\\nkill -0 %s 2>/dev/null && exit 101\\nexit 0\\n' $$ > ${POLICY}; chmod 755 ${POLICY};`;
    const install = `exec apt-get ${APT_OPTIONS.join(' ')} install -q ${packages.join(' ')}`;
    await shell(ownPolicy ? `${policy} ${install}` : install);
  } finally {
    if (ownPolicy) await rm(POLICY, { force: true });
    await rm(CLUSTER_SETTING, { force: true });
  }
}

async function forbidsDaemons() {
  try {
    await run(POLICY, ['redis-server', 'start']);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 101;
  }
}

/** @param {string} script */
async function shell(script) {
  const child = spawn('/bin/sh', ['-c', script], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  const code = await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject));
  if (code !== 0) throw new Error(`apt-get ended with ${code ?? 'a signal'}.`);
}
