// What npm, vitest and Tandem's own settings add to the environment; a user who opens a terminal has none of it.
const ADDED = [/^npm_/, /^VITEST/, /^(TEST|DEV|PROD|MODE|SSR|BASE_URL|NODE_ENV|INIT_CWD)$/];
const SETTINGS = /^(DATABASE_URL|MONGODB_URI|HOST|PORT|TANDEM_DATA_DIR|LOG_LEVEL)$/;

/** The environment in which a user runs a command. */
export function userEnvironment(settings: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !SETTINGS.test(name) && !ADDED.some((pattern) => pattern.test(name)),
  );
  return { ...Object.fromEntries(kept), npm_config_update_notifier: 'false', ...settings };
}
