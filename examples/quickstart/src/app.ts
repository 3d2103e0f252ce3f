import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { problem, type Tenancy, TenancyError } from 'tenantry';

/** The article's application: `GET /TenantA/users` answers with the users of TenantA. */
export function buildApp(tenancy: Tenancy): FastifyInstance {
  const app = Fastify({
    // A path that cannot be read never reaches a handler.
    frameworkErrors: (_error, request, reply) => void sendStatus(request, reply, 400, 'Bad request'),
    routerOptions: { maxParamLength: 20_000 },
  });

  app.get<{ Params: { tenant: string } }>('/:tenant/users', async (request, reply) => {
    const { tenant } = request.params;
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

  app.route({
    method: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/:tenant/users',
    // Before the body is read: what it holds does not matter.
    onRequest: async (request, reply) =>
      sendStatus(request, reply.header('allow', 'GET, HEAD'), 405, 'Method not allowed'),
    handler: () => undefined,
  });

  app.get('/health', async (_request, reply) => {
    const health = await tenancy.health();
    return reply.code(health.ok ? 200 : 503).send(health);
  });

  app.setNotFoundHandler((request, reply) => sendStatus(request, reply, 404, 'Not found'));

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

function sendStatus(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  title: string,
): FastifyReply {
  const problem = { type: 'about:blank', title, status, instance: request.url.slice(0, 200) };
  return sendJson(reply.code(status), 'application/problem+json', JSON.stringify(problem));
}

/** Bytes, because Fastify adds a charset to text, and JSON has none (RFC 8259). */
function sendJson(reply: FastifyReply, contentType: string, json: string): FastifyReply {
  return reply.header('content-type', contentType).send(Buffer.from(json));
}
