import { defineConfig } from 'prisma/config';

// A folder: the generators and the models lie in files of their own.
export default defineConfig({ schema: '..' });
