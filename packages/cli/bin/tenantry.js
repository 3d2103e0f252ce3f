#!/usr/bin/env node
// Committed, so that npm links it before anything is built.
try {
  await import('../dist/main.js');
} catch (error) {
  const isUnbuilt = error?.code === 'ERR_MODULE_NOT_FOUND' && error.url?.endsWith('/dist/main.js');
  if (!isUnbuilt) throw error;
  console.error('This checkout has not been built yet. Run: npm run build');
  process.exitCode = 1;
}
