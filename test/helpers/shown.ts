import { format, inspect } from 'node:util';

/** Everything that a program may print of an object. */
export function shown(object: unknown, depth = 8): string {
  const all = { depth, showHidden: true };
  const ways = [
    () => inspect(object),
    () => inspect(object, all),
    () => inspect(object, { ...all, showProxy: true }),
    () => inspect(object, { ...all, customInspect: false }),
    () => format('%O %s %j', object, object, object),
    () => String(JSON.stringify(object)),
    () => inspect(structuredClone(object), all),
  ];
  return ways
    .map((way) => {
      try {
        return way();
      } catch (error) {
        return String(error);
      }
    })
    .join('\n');
}
