import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client.js';
import { pool } from './postgres.js';

export const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });

export function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
}

/** Prisma takes % and _ in a text that a value shall contain for wildcards. */
export function toWhere(where: unknown, key = ''): any {
  if (typeof where === 'string') return /contains|With$/.test(key) ? where.replace(/[\\%_]/g, '\\$&') : where;
  if (Array.isArray(where)) return where.map((part) => toWhere(part));
  if (where === null || typeof where !== 'object' || where instanceof Date) return where ?? {};
  return Object.fromEntries(Object.entries(where).map(([field, part]) => [field, toWhere(part, field)]));
}
