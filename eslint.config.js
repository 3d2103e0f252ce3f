// Biome lints everything else. These rules need the type checker: a promise that nobody awaits can hold a
// connection, or lose the error that says so.
import tseslint from 'typescript-eslint';

export default [
  { ignores: ['**/dist/**', '**/coverage/**', 'data/**', 'test/orm/prisma/*/generated/**'] },
  {
    files: ['{packages,examples}/*/{src,test}/**/*.ts', 'test/**/*.{ts,mjs}'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        // The tests first: their program holds nearly every source as well, so it is the only one to build.
        project: ['tsconfig.tests.json', 'packages/*/tsconfig.json', 'examples/*/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
    },
  },
];
