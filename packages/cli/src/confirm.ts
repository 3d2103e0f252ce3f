import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { InvalidInputError, InvalidOptionError, redactValue } from 'tenantry';
import { canAsk, type System } from './system.js';

/**
 * Lets somebody type the name of what is about to be destroyed. Without a terminal nobody is asked
 * and nothing happens: a script must say `--yes`.
 *
 * @throws InvalidOptionError without a terminal, InvalidInputError if something else was typed.
 */
export async function confirmByName(system: System, action: string, name: string): Promise<void> {
  const told = redactValue(name);
  if (!canAsk(system)) {
    throw new InvalidOptionError(`To ${action} ${told} without a terminal, say --yes. Nothing was changed.`, {
      hint: 'Add --dry-run first to see what would happen.',
    });
  }
  const typed = await ask(system, `Type ${told} to ${action} it: `);
  if (typed === name) return;
  throw new InvalidInputError(`That is not ${told}. Nothing was changed.`);
}

async function ask(system: System, question: string): Promise<string> {
  const terminal = createInterface({ input: system.stdin, output: system.stderr });
  const ended = new AbortController();
  // The terminal is in raw mode while it asks: Ctrl-C is a key then, not a signal of the process.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const signal = AbortSignal.any([system.signal, ended.signal]);
  try {
    const closed = once(terminal, 'close', { signal }).then(() => '');
    return await Promise.race([terminal.question(question, { signal }), closed]);
  } finally {
    ended.abort();
    terminal.close();
  }
}
