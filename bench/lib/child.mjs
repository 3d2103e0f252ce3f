// Questions and answers between the bench and its processes, one at a time.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCH = new URL('../', import.meta.url);
/** Whoever takes longer hangs. */
const ANSWER_MS = 300_000;

/**
 * @typedef {object} Child
 * @property {(question: string, details?: object) => Promise<any>} ask
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a process that answers questions (see `answerParent`) and waits until it says that it is ready.
 *
 * @param {import('../../test/servers/group.mjs').ServerGroup} group what ends it if the bench dies
 * @param {string} file inside bench/
 * @param {object} config
 * @param {readonly string[]} [execArgv]
 * @returns {Promise<Child>}
 */
export async function startChild(group, file, config, execArgv = []) {
  const child = fork(fileURLToPath(new URL(file, BENCH)), [JSON.stringify(config)], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...execArgv],
  });
  group.adopt(child);
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  /** @returns {Promise<any>} */
  const answer = () =>
    new Promise((resolve, reject) => {
      const onExit = (/** @type {unknown} */ how) => {
        clearTimeout(deadline);
        reject(new Error(`${file} ended (${how}).`));
      };
      child.once('exit', onExit);
      const late = () => reject(new Error(`${file} did not answer within ${ANSWER_MS / 1000} s.`));
      const deadline = setTimeout(late, ANSWER_MS);
      child.once('message', (/** @type {{ answer?: unknown, error?: string }} */ message) => {
        child.off('exit', onExit);
        clearTimeout(deadline);
        if (message.error === undefined) resolve(message.answer);
        else reject(new Error(`${file}: ${message.error}`));
      });
    });
  await answer();
  return {
    ask(question, details = {}) {
      const answered = answer();
      child.send({ question, details });
      return answered;
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** What the process was started with. */
export function readConfig() {
  return JSON.parse(process.argv[2] ?? '{}');
}

/**
 * In the process itself: says that it is ready and answers questions from then on.
 *
 * @param {Record<string, (details: any) => unknown>} answers
 */
export function answerParent(answers) {
  process.on(
    'message',
    async (/** @type {{ question: string, details: object }} */ { question, details }) => {
      try {
        process.send?.({ answer: (await answers[question]?.(details)) ?? null });
      } catch (error) {
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    },
  );
  process.send?.({ answer: null });
}
