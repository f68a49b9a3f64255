import SchemaBuilder from '@pothos/core';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import { DateTimeResolver } from 'graphql-scalars';
import type { Types } from 'mongoose';
import type PrismaTypes from '../generated/pothos.js';
import { getDatamodel } from '../generated/pothos.js';
import { Decimal } from './decimal.js';
import { prisma } from './prisma.js';

export const builder = new SchemaBuilder<{
  DefaultFieldNullability: false;
  PrismaTypes: PrismaTypes;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    Decimal: { Input: string; Output: string | Types.Decimal128 };
  };
  Connection: { totalCount: Promise<number> | (() => Promise<number>) };
}>({
  plugins: [DataloaderPlugin, PrismaPlugin, RelayPlugin],
  defaultFieldNullability: false,
  relay: { nodesOnConnection: true },
  prisma: { client: prisma, dmmf: getDatamodel(), defaultConnectionSize: 20, maxConnectionSize: 100 },
});

builder.queryType();
builder.addScalarType('DateTime', DateTimeResolver);
builder.addScalarType('Decimal', Decimal);
builder.globalConnectionField('totalCount', (t) =>
  t.int({ resolve: ({ totalCount }) => (typeof totalCount === 'function' ? totalCount() : totalCount) }),
);
