/**
 * What a caller passed is never told again as it was: it may be an address with a password in it, put where a
 * name belongs.
 */

const REDACTED = '[redacted]';
/** More characters of a value than anybody reads. */
const LONGEST_VALUE = 200;

/** What an address stands in as a whole. */
const WORD = /[^\s"'`]+/g;
/** The end of a URL's scheme. */
const SCHEME = /[a-z][a-z0-9+.-]*$/i;
/** The value of a parameter that is called like a secret. */
const NAMED_SECRET = /\b((?:\w*pass(?:word|wd)?|pwd|\w*secret|\w*token)=)[^\s&;"'`]+/gi;
/** Something that is called like a secret. */
const NAMED = /(?:pass(?:word|wd)?|pwd|secret|token)["']?\s*[=:]/i;

/**
 * A text without the passwords of the addresses in it, for logs and messages. What is no secret stays as it is.
 * Its time grows with the length of the text only, whoever wrote it: servers repeat what a request carried.
 */
export function redact(text: string): string {
  const named = text.includes('=') ? text.replace(NAMED_SECRET, `$1${REDACTED}`) : text;
  return named.includes('@') ? named.replace(WORD, withoutPassword) : named;
}

/** A value from outside as it may be told: as it is, its beginning where it is long, or not at all where it could hold a secret somewhere. */
export function redactValue(value: string): string {
  const colon = value.indexOf(':');
  const isAddress = colon >= 0 && (value.includes(':/') || value.includes('@', colon));
  if (isAddress || NAMED.test(value)) return REDACTED;
  return value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}...` : value;
}

/** A password stands between the colon after the user, which is the second one of a URL, and the last `@`. */
function withoutPassword(word: string): string {
  const end = word.lastIndexOf('@');
  for (let from = 0, colon = word.indexOf(':'); colon >= 0 && colon < end; ) {
    const next = word.indexOf(':', colon + 1);
    if (next < 0 || next >= end) return word;
    const user = word.slice(colon + 1, next).replace(/^\/+/, '');
    if (isTemplate(user, word.slice(next + 1, end), word.slice(end + 1))) return word;
    if (!/[/@]/.test(user) && endsInScheme(word, from, colon)) {
      return `${word.slice(0, next)}:${REDACTED}${word.slice(end)}`;
    }
    from = colon + 1;
    colon = next;
  }
  return word;
}

/** What a hint shows of how an address is written is nobody's: `user:password@host`. */
function isTemplate(user: string, password: string, rest: string): boolean {
  return user === 'user' && password === 'password' && /^host(?![\w.-])/.test(rest);
}

/** Whether what stands before a colon could be a scheme; they are short. */
function endsInScheme(word: string, from: number, colon: number): boolean {
  return SCHEME.test(word.slice(Math.max(from, colon - 32), colon));
}
