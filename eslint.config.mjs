import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', '.data/', '.test-build/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/cli/**', 'simulator/main.ts', 'simulator/demo.ts', 'bench/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['src/**'],
    ignores: ['src/guardedFetch.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Use guardedFetch: it has limits.' }],
      'no-restricted-imports': ['error', { paths: ['undici', 'node:https', 'https'] }],
    },
  },
  { files: ['public/**/*.js', 'test/look/inPage.js'], languageOptions: { globals: globals.browser } },
  { files: ['*.mjs'], languageOptions: { globals: globals.node } },
);
