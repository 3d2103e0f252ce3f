import { get } from 'node:http';
import { performance } from 'node:perf_hooks';

/** Serves, asks itself once, prints the milliseconds since the process began, and ends. */
export async function bootOnce(createServer, tenant, users) {
  const server = createServer(async (request, response) => {
    const name = request.url.split('/')[1];
    response.end(JSON.stringify({ [name]: await users(name) }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const body = await ask(`http://127.0.0.1:${server.address().port}/${tenant}/users`);
  if (!body.includes(`first of ${tenant}`)) throw new Error(`A wrong answer: ${body}`);
  process.stdout.write(`${performance.now()}\n`);
  process.exit(0);
}

function ask(url) {
  return new Promise((resolve, reject) => {
    get(url, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      resolve(body);
    }).once('error', reject);
  });
}
