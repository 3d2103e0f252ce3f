/** Characters of all remembered texts together; a text counts a little more than it is long. */
const CAPACITY = 1_000_000;
const OVERHEAD = 100;

/**
 * Remembers what was found out about texts, in bounded memory, so that a statement which is run again
 * and again is looked at once. Applications have few texts; where they have many, it begins anew now
 * and then, which costs less than knowing which of them was used last.
 *
 * @example
 * ```ts
 * const isShort = memoByText((text) => text.length < 10)
 * ```
 */
export function memoByText<T extends boolean | string>(judge: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  let size = 0;
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const answer = judge(text);
    size += text.length + OVERHEAD;
    if (size > CAPACITY) {
      known.clear();
      size = text.length + OVERHEAD;
    }
    if (size <= CAPACITY) known.set(text, answer);
    else size = 0;
    return answer;
  };
}
