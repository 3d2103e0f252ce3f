import { METHODS, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { problem, type Tenancy, TenancyError } from 'tenantry';

/** All but what the routes take. CONNECT asks for a tunnel, which Node's server refuses by itself. */
const OTHER_METHODS = METHODS.filter((method) => !['GET', 'HEAD', 'CONNECT'].includes(method));

/** The article's application: `GET /TenantA/users` answers with the users of TenantA. */
export function buildApp(tenancy: Tenancy): FastifyInstance {
  const app = Fastify({
    // A path that cannot be read never reaches a handler, and a request that is no HTTP not even a router.
    frameworkErrors: (_error, request, reply) => void sendStatus(request, reply, 400),
    clientErrorHandler: answerUnreadable,
    routerOptions: { maxParamLength: 20_000 },
  });

  app.get<{ Params: { tenant: string } }>('/:tenant/users', async (request, reply) => {
    const { tenant } = request.params;
    // `//users`
    if (tenant === '') return sendStatus(request, reply, 404);
    const users = await tenancy
      .session(tenant)
      .query<{ username: string }>('SELECT username FROM users ORDER BY id, username', [], {
        signal: untilDisconnected(reply),
      });
    return sendJson(
      reply,
      'application/json',
      JSON.stringify({ [tenant]: users.map((user) => user.username) }),
    );
  });

  app.get('/health', async (_request, reply) => {
    const health = await tenancy.health();
    return reply.code(health.ok ? 200 : 503).send(health);
  });

  for (const method of OTHER_METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
  for (const url of ['/:tenant/users', '/health']) {
    app.route({
      method: OTHER_METHODS,
      url,
      onRequest: async (request, reply) => sendStatus(request, reply.header('allow', 'GET, HEAD'), 405),
      handler: () => undefined,
    });
  }

  // Before the body is read: what it holds does not matter.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return sendStatus(request, reply, 404);
  });

  app.setErrorHandler((error, request, reply) => {
    if (!(error instanceof TenancyError) || error.status >= 500) console.error(error);
    const { status, headers, body } = problem(error, { instance: request.url.slice(0, 200) });
    return sendJson(reply.code(status).headers(headers), 'application/problem+json', body);
  });

  return app;
}

/** Fires when the client goes away before it has its answer, so that its statement is cancelled. */
function untilDisconnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

function sendStatus(request: FastifyRequest, reply: FastifyReply, status: number): FastifyReply {
  const instance = request.url.slice(0, 200);
  return sendJson(reply.code(status), 'application/problem+json', problemOf(status, instance));
}

/** For what is no request of HTTP: too large a header, a method that nobody knows. There is nobody but the socket. */
function answerUnreadable({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const status = code === 'HPE_HEADER_OVERFLOW' ? 431 : code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = problemOf(status);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function problemOf(status: number, instance?: string): string {
  return JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, instance });
}

/** Bytes, because Fastify adds a charset to text, and JSON has none (RFC 8259). */
function sendJson(reply: FastifyReply, contentType: string, json: string): FastifyReply {
  return reply.header('content-type', contentType).send(Buffer.from(json));
}
