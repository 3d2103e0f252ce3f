import type { Catalog } from '../../src/catalog/catalog.js';
import type { Provisioning } from '../../src/engine/provisioning.js';

/** An owner that falls asleep before or after one call of a step, and goes on when it is woken. */
export class Sleeper {
  readonly catalog: Catalog;
  readonly provisioning: Provisioning;
  readonly asleep: Promise<void>;
  wake: () => void = () => {};

  constructor(
    test: { readonly catalog: Catalog; readonly provisioning: Provisioning },
    place: string,
    when: 'before' | 'after',
  ) {
    const [step = '', number = '1'] = place.split(' ');
    let fallAsleep = () => {};
    this.asleep = new Promise((resolve) => {
      fallAsleep = resolve;
    });
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    let calls = 0;
    const sleepy = <T extends object>(target: T): T => {
      const methods = new Proxy(target, {
        get(original, key) {
          const value: unknown = Reflect.get(original, key);
          if (typeof value !== 'function') return value;
          const call = value.bind(original) as (...args: unknown[]) => Promise<unknown>;
          if (key !== step) return call;
          return async (...args: unknown[]) => {
            const isIt = ++calls === Number(number);
            const sleep = async () => {
              fallAsleep();
              await woken;
            };
            if (isIt && when === 'before') await sleep();
            const result = await call(...args);
            if (isIt && when === 'after') await sleep();
            return result;
          };
        },
      });
      return methods;
    };
    this.catalog = sleepy(test.catalog);
    this.provisioning = sleepy(test.provisioning);
  }
}
