/**
 * What a caller passed is never told again as it was: it may be an address with a password in it, put where a
 * name belongs.
 */

const REDACTED = '[redacted]';

/** The password of a URL: all from its colon to the last `@` of the word. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/*[^\s:/@"'`]*):[^\s"'`]*@/gi;
/** The value of a parameter that is called like a secret. */
const NAMED_SECRET = /\b((?:\w*pass(?:word|wd)?|pwd|\w*secret|\w*token)=)[^\s&;"'`]+/gi;
/** A value that could hold a secret somewhere: an address, or something called like a secret. */
const DOUBTFUL = /:\/|:.*@|(?:pass(?:word|wd)?|pwd|secret|token)["']?\s*[=:]/is;

/** A text without the passwords of the addresses in it, for logs and messages. What is no secret stays as it is. */
export function redact(text: string): string {
  return text.replace(URL_PASSWORD, `$1:${REDACTED}@`).replace(NAMED_SECRET, `$1${REDACTED}`);
}

/** A value from outside as it may be told: as it is, or not at all where it could hold a secret. */
export function redactValue(value: string): string {
  return DOUBTFUL.test(value) ? REDACTED : value;
}
