import { SAMPLE_QUERY } from '../../cli/sample-query.js';

/** A page on which a query can be typed and run; it needs nothing from outside. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tandem</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  textarea, pre { font: 14px/1.4 ui-monospace, monospace; width: 100%; box-sizing: border-box; padding: .75rem; }
  pre { background: #f4f4f5; overflow: auto; max-height: 60vh; }
  button { font: inherit; padding: .4rem 1rem; margin: .75rem 0; }
</style>
<h1>Tandem</h1>
<p>One graph over PostgreSQL and MongoDB. Any GraphQL client works with this address; here is a query to begin with.</p>
<label for="query">Query</label>
<textarea id="query" rows="10" spellcheck="false">${SAMPLE_QUERY}</textarea>
<button id="run">Run (Ctrl+Enter)</button>
<pre id="answer" aria-live="polite"></pre>
<script>
  const query = document.getElementById('query');
  const answer = document.getElementById('answer');
  const run = async () => {
    answer.textContent = '...';
    try {
      const response = await fetch('', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: query.value }),
      });
      answer.textContent = JSON.stringify(await response.json(), null, 2);
    } catch (error) {
      answer.textContent = String(error);
    }
  };
  document.getElementById('run').addEventListener('click', run);
  query.addEventListener('keydown', (event) => { if (event.ctrlKey && event.key === 'Enter') run(); });
</script>
</html>
`;
