import SchemaBuilder from '@pothos/core';
import DataloaderPlugin from '@pothos/plugin-dataloader';
import RelayPlugin from '@pothos/plugin-relay';
import { DateTimeResolver } from 'graphql-scalars';
import type { Types } from 'mongoose';
import { Decimal } from './decimal.js';

export const builder = new SchemaBuilder<{
  DefaultFieldNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    Decimal: { Input: string; Output: string | Types.Decimal128 };
  };
  Connection: { totalCount: Promise<number> };
}>({
  plugins: [DataloaderPlugin, RelayPlugin],
  defaultFieldNullability: false,
  relay: { nodesOnConnection: true },
});

builder.queryType();
builder.addScalarType('DateTime', DateTimeResolver);
builder.addScalarType('Decimal', Decimal);
builder.globalConnectionField('totalCount', (t) => t.int({ resolve: (connection) => connection.totalCount }));
