/**
 * What the page runs: a module that starts Ruru with the files under `base`. Addresses are relative to the page's, which
 * a proxy may have put somewhere else.
 *
 * GraphiQL, which Ruru is made of, writes headers into its history although they are not to be kept, and forgets at the
 * next visit that they are. So what is stored goes through here.
 */
export function startScript(base: string): string {
  return `
import { React, createRoot, Ruru } from '${base}ruru.js';

const keepsHeaders = () => localStorage.getItem('graphiql:shouldPersistHeaders') === 'true';
const withoutHeaders = (json) => JSON.stringify(JSON.parse(json), (name, value) => (name === 'headers' ? undefined : value));
const storage = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => {
    const isHistory = key === 'graphiql:queries' || key === 'graphiql:favorites';
    localStorage.setItem(key, isHistory && !keepsHeaders() ? withoutHeaders(value) : value);
  },
  removeItem: (key) => localStorage.removeItem(key),
  clear: () => localStorage.clear(),
  get length() { return localStorage.length; },
};

const workers = { graphql: 'graphqlWorker.js', json: 'jsonWorker.js' };
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) =>
    new Worker(new URL('${base}' + (workers[label] ?? 'editorWorker.js'), location.href), { type: 'module' }),
};

const asked = new URLSearchParams(location.search);
createRoot(document.getElementById('ruru-root')).render(
  React.createElement(Ruru, {
    endpoint: location.pathname,
    defaultQuery: document.getElementById('sample-query').textContent,
    initialQuery: asked.get('query') ?? undefined,
    initialVariables: asked.get('variables') ?? undefined,
    shouldPersistHeaders: keepsHeaders(),
    storage,
    debugTools: [],
  }),
);

// The editor has its own Ctrl-Enter; this is for who has not clicked into it yet.
addEventListener('keydown', ({ key, ctrlKey, metaKey, target }) => {
  const isRun = key === 'Enter' && (ctrlKey || metaKey);
  if (isRun && target === document.body) document.querySelector('.graphiql-execute-button')?.click();
});
`;
}
