import { defineConfig } from 'vitest/config';
import base, { SYSTEM } from './vitest.config.js';

// Each of these has processes of its own beside it, so fewer run at once.
export default defineConfig({ ...base, test: { ...base.test, include: SYSTEM, exclude: [], maxWorkers: 3 } });
