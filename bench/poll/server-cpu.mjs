import { readdirSync, readFileSync } from 'node:fs';

/** The unit of /proc/PID/stat: hundredths of a second on every Linux that Node runs on. */
const MICROS_PER_TICK = 10_000;

/** Microseconds of CPU that a server has used, the processes that it started included. @param {number} pid */
export function serverCpu(pid) {
  const own = statOf(String(pid));
  const children = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(statOf)
    .filter((stat) => stat?.parent === pid);
  // Children that have ended are in their parent's account.
  const ticks = [own, ...children].reduce((sum, stat) => sum + (stat?.ticks ?? 0), own?.endedChildren ?? 0);
  return ticks * MICROS_PER_TICK;
}

function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything, spaces included.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { parent: fields[1], ticks: fields[11] + fields[12], endedChildren: fields[13] + fields[14] };
  } catch {
    return undefined;
  }
}
