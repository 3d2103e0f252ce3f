/** What every side runs for a request. */
export const USERS = 'SELECT id, username FROM users ORDER BY id';
