import { open } from 'node:fs/promises';

/** A log that grows: gives the lines that are new since it was last asked. */
export class LogFile {
  #file;
  #offset = 0;
  #rest = '';

  /** @param {string} file */
  constructor(file) {
    this.#file = file;
  }

  /** @returns {Promise<string[]>} */
  async newLines() {
    const handle = await open(this.#file, 'r');
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(size - this.#offset),
        position: this.#offset,
      });
      this.#offset += bytesRead;
      const lines = (this.#rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines;
    } finally {
      await handle.close();
    }
  }
}
