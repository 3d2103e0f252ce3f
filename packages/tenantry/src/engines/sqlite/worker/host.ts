import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { WorkerKind } from '../options.js';
import { END, type WorkerReply, type WorkerRequest } from './protocol.js';

/** What a host tells its owner. */
export interface HostListener {
  onMessage(message: WorkerReply | string): void;
  /** It has ended. Called once, last. */
  onExit(error?: Error): void;
}

/** A thread or a process that runs `main.ts`. */
export interface WorkerHost {
  send(request: WorkerRequest): void;
  /** Asks it to end when it has done what it does. */
  end(): void;
  /**
   * Ends a process at once, in the middle of a statement. A thread cannot be ended so: it stops when its
   * statement has ended by itself (libsql would take the whole process with it).
   */
  kill(): void;
  /** Whether this program goes on for as long as the worker runs. */
  hold(isHeld: boolean): void;
}

/** The entry as it was compiled: also for a program that runs from sources. */
const entry: string = createRequire(import.meta.url).resolve('#sqlite-worker');

/** Starts a worker. Problems with that come as its exit. */
export function startHost(kind: WorkerKind, listener: HostListener): WorkerHost {
  return kind === 'thread' ? startThread(listener) : startProcess(listener);
}

function startThread(listener: HostListener): WorkerHost {
  const thread = new Worker(entry, { execArgv: [] });
  listen(thread, listener);
  const end = () => thread.postMessage(END);
  return {
    send: (request) => thread.postMessage(request),
    end,
    kill: end,
    hold: (isHeld) => (isHeld ? thread.ref() : thread.unref()),
  };
}

function startProcess(listener: HostListener): WorkerHost {
  const child = fork(entry, {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  listen(child, listener);
  return {
    // Where the channel is gone already the exit follows, and says so.
    send: (request) => child.connected && child.send(request, () => {}),
    end: () => child.connected && child.send(END, () => {}),
    kill: () => child.kill('SIGKILL'),
    hold: (isHeld) => holdProcess(child, isHeld),
  };
}

function holdProcess(child: ChildProcess, isHeld: boolean): void {
  if (isHeld) {
    child.ref();
    child.channel?.ref();
  } else {
    child.unref();
    child.channel?.unref();
  }
}

function listen(worker: Worker | ChildProcess, { onMessage, onExit }: HostListener): void {
  let error: Error | undefined;
  let isOver = false;
  const over = () => {
    if (isOver) return;
    isOver = true;
    onExit(error);
  };
  worker.on('message', onMessage);
  worker.on('error', (reason: Error) => {
    error = reason;
    // A process that could not be started never exits.
    if (!(worker instanceof Worker) && worker.pid === undefined) over();
  });
  worker.on('exit', over);
}
