import { EventEmitter } from 'node:events';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  InvalidOptionError,
  NoTenantError,
  type Tenancy,
  TenantExistsError,
  TenantSwitchError,
  UnknownTenantError,
} from '../../packages/tenantry/src/index.js';
import { engineUnderTest, useNamespace } from '../helpers/engines.js';
import { openTenancy } from './tenancies.js';

const namespace = useNamespace(engineUnderTest('sqlite'));
/** With the tenants a, b and c. */
async function open(options = {}): Promise<Tenancy> {
  const tenancy = await openTenancy(namespace(), options);
  for (const name of ['a', 'b', 'c']) {
    await tenancy.tenants.create({ name }).catch((error: unknown) => {
      if (!(error instanceof TenantExistsError)) throw error;
    });
  }
  return tenancy;
}

/** Does nothing until it is awaited, as query builders do. */
function lazy<T>(begin: () => T): PromiseLike<T> {
  // biome-ignore lint/suspicious/noThenProperty: this is what such a builder is
  return { then: (onDone, onError) => Promise.resolve().then(begin).then(onDone, onError) };
}

const ambient = (tenancy: Tenancy) => tenancy.session().tenant;

describe('a bound function', () => {
  it('runs for the tenant for which it was bound, wherever it is called', async () => {
    const tenancy = await open();
    const bound = await tenancy.run('a', () => tenancy.bind((suffix: string) => ambient(tenancy) + suffix));
    expect(bound('!')).toBe('a!');
    expect(await tenancy.run('b', () => bound('?'))).toBe('a?');
    expect(await tenancy.run('b', () => [bound(''), ambient(tenancy)])).toEqual(['a', 'b']);
  });

  it('begins a lazy query for that tenant, though it is awaited outside', async () => {
    const tenancy = await open();
    const bound = await tenancy.run('a', () => tenancy.bind(() => lazy(() => ambient(tenancy))));
    expect(await bound()).toBe('a');
    const answer = await tenancy.run('b', () => {
      const begun = bound();
      return begun;
    });
    expect(answer).toBe('a');
  });

  it('throws what it throws, to whom it throws it', async () => {
    const tenancy = await open();
    const fails = await tenancy.run('a', () =>
      tenancy.bind(() => {
        throw new RangeError('sync');
      }),
    );
    expect(fails).toThrow(RangeError);
    const rejects = await tenancy.run('a', () => tenancy.bind(() => Promise.reject(new RangeError('async'))));
    await expect(rejects()).rejects.toThrow(RangeError);
  });

  it('serves as a listener of an emitter that all tenants share', async () => {
    const tenancy = await open();
    const shared = new EventEmitter();
    const heard: string[] = [];
    for (const name of ['a', 'b']) {
      await tenancy.run(name, () =>
        shared.on(
          'event',
          tenancy.bind(() => heard.push(ambient(tenancy))),
        ),
      );
    }
    await tenancy.run('c', () => shared.emit('event'));
    expect(heard).toEqual(['a', 'b']);
  });

  it('cannot be made without a tenant', async () => {
    const tenancy = await open();
    expect(() => tenancy.bind(() => 1)).toThrow(NoTenantError);
  });

  it('keeps its arguments and gives promises for what can be awaited', async () => {
    const tenancy = await open();
    await tenancy.run('a', () => {
      expectTypeOf(tenancy.bind((id: number, name: string) => `${id}${name}`)).toEqualTypeOf<
        (id: number, name: string) => string
      >();
      expectTypeOf(tenancy.bind(async () => 1)).toEqualTypeOf<() => Promise<number>>();
      expectTypeOf(tenancy.bind(() => lazy(() => 'x'))).toEqualTypeOf<() => Promise<string>>();
    });
  });
});

describe('the context', () => {
  it('is each caller own, where two tenants begin in one tick', async () => {
    const tenancy = await open();
    const names = await Promise.all(
      ['a', 'b', 'a', 'b'].map((name) => tenancy.run(name, () => lazy(() => ambient(tenancy)))),
    );
    expect(names).toEqual(['a', 'b', 'a', 'b']);
  });

  it('is each caller own, where two tenants are resumed by one promise', async () => {
    const tenancy = await open();
    let resume: () => void = () => {};
    const shared = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const answers = ['a', 'b'].map((name) =>
      tenancy.run(name, async () => {
        await shared;
        return [ambient(tenancy), await tenancy.run(name, () => lazy(() => ambient(tenancy)))];
      }),
    );
    await tenancy.run('c', () => resume());
    expect(await Promise.all(answers)).toEqual([
      ['a', 'a'],
      ['b', 'b'],
    ]);
  });
});

describe('asTemplate', () => {
  it('runs in the context of the template, so that a probe has a database before there is a tenant', async () => {
    const template = namespace().name('template');
    const tenancy = await open({ template });
    await tenancy.tenants.create({ name: template });
    const probe = () => lazy(() => tenancy.session().query<{ one: number }>('SELECT 1 AS one'));
    expect(await tenancy.asTemplate(probe)).toEqual([{ one: 1 }]);
    expect(await tenancy.asTemplate(() => ambient(tenancy))).toBe(template);
    expect(() => tenancy.session()).toThrow(NoTenantError);
  });

  it('is the only way to the template: to everybody else there is no such tenant', async () => {
    const template = namespace().name('hidden');
    const tenancy = await open({ template });
    await tenancy.tenants.create({ name: template });
    const select = (name?: string) => tenancy.session(name).query('SELECT 1 AS one');
    await expect(select(template)).rejects.toThrow(UnknownTenantError);
    await expect(tenancy.session(template).ready()).rejects.toThrow(UnknownTenantError);
    await expect(tenancy.clients(template).acquire()).rejects.toThrow(UnknownTenantError);
    await expect(tenancy.run(template, () => select())).rejects.toThrow(UnknownTenantError);
    expect(await tenancy.warmUp([template])).toMatchObject({ routes: 0, failed: [{ tenant: template }] });
    expect(await tenancy.asTemplate(() => select(template))).toEqual([{ one: 1 }]);
    expect(await tenancy.asTemplate(() => tenancy.run(template, () => select()))).toEqual([{ one: 1 }]);
    const { id } = await tenancy.tenants.get(template);
    await expect(tenancy.session({ id }).query('SELECT 1 AS one')).rejects.toThrow(UnknownTenantError);
    await expect(tenancy.run({ id }, () => 1)).rejects.toThrow(UnknownTenantError);
    const bound = await tenancy.asTemplate(() => tenancy.bind(() => select()));
    expect(await bound()).toEqual([{ one: 1 }]);
    expect((await tenancy.tenants.get(template)).status).toBe('active');
  });

  it('is refused inside another tenant', async () => {
    const tenancy = await open({ template: 'template' });
    await tenancy.run('a', async () => {
      await expect(tenancy.asTemplate(() => 1)).rejects.toThrow(TenantSwitchError);
    });
  });

  it('says what to configure where no template is named', async () => {
    const tenancy = await open();
    await expect(tenancy.asTemplate(() => 1)).rejects.toMatchObject({
      code: 'TENANTRY_INVALID_OPTION',
      hint: expect.stringContaining('createTenancy({ template:'),
    });
  });

  it('takes no name that a tenant cannot have', async () => {
    for (const template of ['', 'a b', 5])
      await expect(open({ template })).rejects.toThrow(InvalidOptionError);
  });
});

describe('a generator', () => {
  /** Gives the tenant of each of its steps, its end included. */
  function* steps(tenancy: Tenancy, ended: unknown[] = []): Generator<unknown, unknown, unknown> {
    try {
      yield tenancy.current()?.name;
      yield tenancy.current()?.name;
    } finally {
      ended.push(tenancy.current()?.name);
    }
    return tenancy.current()?.name;
  }

  async function* laterSteps(tenancy: Tenancy, ended?: unknown[]): AsyncGenerator<unknown, unknown, unknown> {
    await Promise.resolve();
    return yield* steps(tenancy, ended);
  }

  /** All that it gives, what it returns included, read for b. */
  async function readAll(tenancy: Tenancy, read: AsyncIterator<unknown> | Iterator<unknown>) {
    return tenancy.run('b', async () => {
      const given: unknown[] = [];
      for (;;) {
        const { done, value } = await read.next();
        given.push(value);
        if (done) return given;
      }
    });
  }

  it('that a run returns is of its tenant at every step, whoever reads it', async () => {
    const tenancy = await open();
    const made = [
      await tenancy.run('a', () => steps(tenancy)),
      await tenancy.run('a', () => laterSteps(tenancy)),
      await tenancy.run('a', async () => laterSteps(tenancy)),
    ];
    for (const each of made) expect(await readAll(tenancy, each)).toEqual(['a', 'a', 'a']);
  });

  it('may be handed out again and again', async () => {
    const tenancy = await open();
    const iterator = laterSteps(tenancy);
    const bound = await tenancy.run('a', () => tenancy.bind(() => iterator));
    for (let time = 0; time < 20_000; time++) bound();
    expect(await readAll(tenancy, iterator)).toEqual(['a', 'a', 'a']);
  });

  it('that a bound function returns is of its tenant at every step', async () => {
    const tenancy = await open();
    const [plain, later] = await tenancy.run('a', () => [
      tenancy.bind(() => steps(tenancy)),
      tenancy.bind(() => laterSteps(tenancy)),
    ]);
    expect(await readAll(tenancy, plain())).toEqual(['a', 'a', 'a']);
    expect(await readAll(tenancy, later())).toEqual(['a', 'a', 'a']);
    expect(await tenancy.run('b', () => [...plain()])).toEqual(['a', 'a']);
  });

  it('is left, and thrown into, in its tenant’s context', async () => {
    const tenancy = await open();
    const ended: unknown[] = [];
    const make = () => tenancy.run('a', () => laterSteps(tenancy, ended));
    const [left, failed] = [await make(), await make()];
    await tenancy.run('b', async () => {
      for await (const _ of left) break;
      await failed.next();
      await expect(failed.throw(new RangeError('enough'))).rejects.toThrow('enough');
    });
    expect(ended).toEqual(['a', 'a']);
  });

  it('keeps the tenant of the innermost run that returned it', async () => {
    const tenancy = await open();
    const made = await tenancy.run('b', () => tenancy.run('a', () => steps(tenancy), { switch: true }));
    expect(await readAll(tenancy, made)).toEqual(['a', 'a', 'a']);
  });

  it('that is read inside is as ever, and so is one of no run', async () => {
    const tenancy = await open();
    expect(await tenancy.run('a', () => [...steps(tenancy)])).toEqual(['a', 'a']);
    expect(await readAll(tenancy, steps(tenancy))).toEqual(['b', 'b', 'b']);
  });

  it('that is frozen is refused', async () => {
    const tenancy = await open();
    await expect(tenancy.run('a', () => Object.freeze(steps(tenancy)))).rejects.toMatchObject({
      code: 'TENANTRY_INVALID_INPUT',
    });
  });
});
