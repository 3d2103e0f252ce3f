import { connect } from 'node:net';

const HEADER_END = '\r\n\r\n';

/**
 * One keep-alive HTTP/1.1 connection that has one request under way. It reads only what the bench's servers
 * write: a status line, Content-Length, and a body.
 */
export class HttpConnection {
  #socket;
  #received = '';
  #resolve = (_response) => {};
  #reject = (_error) => {};

  /** @param {number} port */
  constructor(port) {
    this.#socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => this.#receive(text));
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('The server closed the connection.')));
  }

  /**
   * @param {string} request the whole of it
   * @returns {Promise<{ status: number, body: string }>}
   */
  send(request) {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request, 'latin1');
    });
  }

  close() {
    this.#socket.destroy();
  }

  #receive(text) {
    this.#received += text;
    const headerEnd = this.#received.indexOf(HEADER_END);
    if (headerEnd < 0) return;
    const header = this.#received.slice(0, headerEnd);
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(header)?.[1] ?? 0);
    const body = this.#received.slice(headerEnd + HEADER_END.length);
    if (body.length < length) return;
    this.#received = '';
    this.#resolve({ status: Number(header.slice(9, 12)), body });
  }
}
