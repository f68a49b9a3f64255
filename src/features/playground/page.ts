import { randomBytes } from 'node:crypto';
import { SAMPLE_QUERY } from '../../cli/sample-query.js';
import { startScript } from './start-script.js';

/** A page and the policy that it is to be served with. */
export interface Page {
  readonly html: string;
  readonly policy: string;
}

/** Two discs that overlap: one graph over two databases. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">' +
    '<circle cx="5.5" cy="8" r="5" fill="#336791"/><circle cx="10.5" cy="8" r="5" fill="#13aa52" opacity=".8"/></svg>',
)}`;

/** What a newcomer reads first; lines are short, since the editor is narrow beside the documentation. */
const GREETING = `# Orders from PostgreSQL,
# their users from MongoDB.
# Ctrl-Enter (Cmd-Enter) runs it.
`;

/**
 * Letters are the system's. Hidden is what asks for more than the gateway answers: Explain, and error handling of
 * Grafast's. A narrow window has its parts below each other.
 */
const STYLE = `
  html, body, #ruru-root { height: 100%; margin: 0; }
  .loading { font: 1rem system-ui, sans-serif; padding: 2rem; }
  .graphiql-container, .graphiql-dialog, .graphiql-dropdown-content, .graphiql-tooltip {
    --font-family: system-ui, sans-serif;
    --font-family-mono: ui-monospace, Menlo, Consolas, monospace;
  }
  .graphiql-sidebar button[aria-label$=" Explain"],
  .graphiql-dropdown-item:is([title*="SQL"], [title*="explain"], [title*="error"]) { display: none; }
  @media (max-width: 45rem) {
    .graphiql-container .graphiql-main, .graphiql-container #graphiql-session { flex-direction: column; }
    .graphiql-horizontal-drag-bar, .ruru-footer { display: none; }
  }
`;

/**
 * The page that starts the IDE, whose files lie under `base`, made for one answer: it runs the script that has this
 * answer's nonce, and files of its own host. It asks nothing of any other host.
 */
export function page(base: string): Page {
  const nonce = randomBytes(18).toString('base64');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tandem</title>
<link rel="icon" href="${ICON}">
<link rel="license" href="${base}LICENCES.txt">
<link rel="stylesheet" href="${base}ruru.css">
<style>${STYLE}</style>
<script type="text/plain" id="sample-query">${GREETING}${SAMPLE_QUERY}</script>
</head>
<body>
<div id="ruru-root"><p class="loading">The playground is loading. It needs JavaScript.</p></div>
<script type="module" nonce="${nonce}">${startScript(base)}</script>
</body>
</html>
`;
  return { html, policy: policy(`'self' 'nonce-${nonce}'`) };
}

/** The editor writes its styles into the page, so these cannot be named one by one. */
export function policy(scripts: string): string {
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    "worker-src 'self'",
    "connect-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
