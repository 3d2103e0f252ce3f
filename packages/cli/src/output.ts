import type { Writable } from 'node:stream';
import pc from 'picocolors';
import { redact, TenancyError } from 'tenantry';
import type { Stream, System } from './system.js';

/** The colours of a stream: none unless it is a terminal, and none under `NO_COLOR`. */
export type Colors = ReturnType<typeof pc.createColors>;

/** What the command line says: data on stdout, everything else on stderr. */
export interface Output {
  /** Whether `--json` was given. */
  readonly json: boolean;
  /** The colours of stdout. */
  readonly colors: Colors;
  /** The command's result: `value` with `--json`, else `text`. */
  data(value: unknown, text: string): void;
  /** Something for people, such as what to do next; says nothing with `--json`. */
  message(text: string): void;
  /** Overwrites the line before; only on a terminal and without `--json`. An empty text clears it. */
  progress(text: string): void;
  /** One error: with `--json` as one line `{"error":{"code","message","hint"}}`. Always on stderr. */
  error(error: unknown): void;
}

/** Makes the output of one command. */
export function createOutput(system: System, json: boolean): Output {
  const errorColors = colorsOf(system.stderr, system);
  const say = (text: string) => system.stderr.write(`${text}\n`);
  let shown = '';
  return {
    json,
    colors: colorsOf(system.stdout, system),
    data: (value, text) => {
      system.stdout.write(json ? `${JSON.stringify(value)}\n` : text === '' ? '' : `${text}\n`);
    },
    message: (text) => {
      if (!json) say(text);
    },
    progress: (text) => {
      if (json || !system.stderr.isTTY || text === shown) return;
      system.stderr.write(`\r\u001b[K${text}`);
      shown = text;
    },
    error: (error) => {
      const { code, message, hint } = describeError(error);
      if (json) return void say(JSON.stringify({ error: { code, message, hint } }));
      say(`${errorColors.red('error:')} ${message} ${errorColors.dim(`[${code}]`)}`);
      if (hint !== '') say(`  ${hint}`);
    },
  };
}

/** An error in the three parts that people and scripts get to see. */
function describeError(error: unknown): {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
} {
  if (error instanceof TenancyError) return { code: error.code, message: error.message, hint: error.hint };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'TENANTRY_INTERNAL', message: redact(message), hint: '' };
}

function colorsOf(stream: Stream<Writable>, system: System): Colors {
  return pc.createColors(stream.isTTY === true && !system.env.NO_COLOR);
}
