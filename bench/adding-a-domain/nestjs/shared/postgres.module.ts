import { Global, Module } from '@nestjs/common';
import { Pool } from 'pg';

@Global()
@Module({
  providers: [{ provide: Pool, useFactory: () => new Pool({ connectionString: process.env.POSTGRES_URL }) }],
  exports: [Pool],
})
export class PostgresModule {}
