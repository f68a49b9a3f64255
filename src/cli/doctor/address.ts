import { maskedUrl } from '../../platform/address.js';
import { failure, type Check } from './check.js';
import { codesOf, reasonOf, withoutPassword } from './reason.js';

/** One of the two databases, as far as it is known before it is opened. */
export interface Address {
  readonly group: 'postgres' | 'mongo';
  readonly url: string;
  /** Whether a setting names it; otherwise it is the embedded one. */
  readonly own: boolean;
}

/** What a refusal means, by an error's code or a part of its message, and what to do about it. */
type Remedies = readonly (readonly [RegExp, string])[];

const REMEDIES: Readonly<Record<Address['group'], Remedies>> = {
  postgres: [
    [/^28P01$/, 'correct the user and the password in DATABASE_URL, special characters percent-encoded (@ is %40)'],
    [/^3D000$/, 'correct the name of the database in DATABASE_URL, or create it: createdb NAME'],
    [
      /^28000$/,
      "let this machine in (the server's pg_hba.conf), or ask for encryption: DATABASE_URL=...?sslmode=verify-full",
    ],
    [/^42501$/, 'as its owner: GRANT CONNECT ON DATABASE name TO the user of DATABASE_URL'],
    [/CREATE SCHEMA/, 'correct ?schema= in DATABASE_URL (without it: public), or create it: CREATE SCHEMA name'],
    [/does not support SSL/, 'switch TLS on in the server, or take sslmode out of DATABASE_URL'],
    [
      /certificate|self.signed/i,
      "name the authority's certificate: DATABASE_URL=...?sslmode=verify-full&sslrootcert=/path/ca.pem",
    ],
    [/^ERR_INVALID_URL$|^42704$/, 'correct DATABASE_URL: postgresql://user:password@host:5432/database'],
    [/^53300$/, 'wait until other programs give connections back, or raise max_connections'],
  ],
  mongo: [
    [/^18$/, 'correct the user and the password in MONGODB_URI, and say where the user is known: ?authSource=admin'],
    [
      /^13$/,
      'name a user in MONGODB_URI who may read: db.grantRolesToUser("user", [{ role: "read", db: "name" }]) in mongosh',
    ],
    [
      /no primary/,
      'correct the host and ?replicaSet= in MONGODB_URI, or have a primary elected: rs.status() in mongosh says why there ' +
        'is none',
    ],
    [
      /\bSSL\b|\bTLS\b|certificate|self.signed/i,
      'take ?tls=true out of MONGODB_URI, or name the certificate: ?tls=true&tlsCAFile=/path/ca.pem',
    ],
    [/^ERR_INVALID_URL$|^option .* not supported/, 'correct MONGODB_URI: mongodb://host:27017/database'],
  ],
};

/** The finding that a database of people's own could not be opened. */
export function notOpened({ group, url, own }: Address, error: unknown): Check {
  const [variable, name] = group === 'postgres' ? ['DATABASE_URL', 'PostgreSQL'] : ['MONGODB_URI', 'MongoDB'];
  const reason = withoutPassword(explained(error), url);
  const told = [...codesOf(error), reason];
  const [, known] = REMEDIES[group].find(([sign]) => told.some((text) => sign.test(text))) ?? [];
  const usual = `start it, or correct the host and the port in ${variable}; without ${variable} an embedded ${name} is used`;
  return failure(
    `${group}.connection`,
    `${own ? `the ${name} of ${variable}` : `the embedded ${name}`} (${maskedUrl(url)}) cannot be opened: ${reason}`,
    own ? (known ?? usual) : 'run this again; if it stays so, look into server.log in the data folder',
    { address: maskedUrl(url), reason },
  );
}

/** The driver of MongoDB says that it has waited; what for, is in what it knows of the servers. */
function explained(error: unknown): string {
  const reason = reasonOf(error);
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { type } = (inner as { reason?: { type?: string } }).reason ?? {};
    if (type === 'ReplicaSetNoPrimary') return `no primary of that replica set was found (${reason})`;
  }
  return reason;
}
