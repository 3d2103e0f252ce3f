import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../src/engine/not-sent.js';
import { mysql } from '../../src/engines/mysql/index.js';
import { statementError } from '../../src/session/statement.js';

describe('the error of a statement', () => {
  it('that was never sent does not say that it may have run', () => {
    const error = statementError(mysql, new NotSentError('The server had closed it.'), 'acme');
    expect(error).toMatchObject({ code: 'TENANTRY_CONNECTION_LOST', kind: 'connection-lost' });
    expect(error.message).toBe(
      'The connection for acme was lost before the statement was sent: The server had closed it.',
    );
    expect(error.hint).toContain('has not run');
  });

  it('whose connection was lost under way says that it may have', () => {
    const lost = Object.assign(new Error('gone'), { code: 'PROTOCOL_CONNECTION_LOST' });
    const error = statementError(mysql, lost, 'acme');
    expect(error.code).toBe('TENANTRY_CONNECTION_LOST');
    expect(error.hint).toContain('may or may not');
  });
});
