/** An address without its password, for messages and logs. */
export function maskedUrl(address: string): string {
  return address.replace(/(:\/\/[^:@/]*):.*@/s, '$1:***@').replace(/([?&]\w*(?:password|properties)=)[^&]*/gi, '$1***');
}

/** A password with a bare @ or / would end too early, and its rest would be taken, and shown, as a host. */
export function hasOneReading(address: string): boolean {
  return /^[^:]+:\/\/(?:[^@/?#]*@)?[^@/?#]*(?:\/[^@?#]*)?(?:\?[^#]*)?$/.test(address);
}

/** A list of hosts, as MongoDB's addresses may have, is no URL to the platform's parser. */
export function protocolOf(address: string): string {
  return /^([a-z+]+:)\/\/[^\s]+/i.exec(address)?.[1]?.toLowerCase() ?? '';
}

/** The database's name in an address, or null where it has none: the driver then takes `test`. */
export function databaseIn(address: string): string | null {
  const [, name = ''] = /^[^:]+:\/\/[^/?]*\/([^?]*)/.exec(address) ?? [];
  return name === '' ? null : decodeURIComponent(name);
}

/** The same address with the name of a database. Who signs in without one does so in `admin`, which is said then. */
export function withDatabase(address: string, name: string): string {
  const named = address.replace(
    /^([^:]+:\/\/[^/?]*)\/?([^/?]*)/,
    (_, server: string) => `${server}/${encodeURIComponent(name)}`,
  );
  if (!named.includes('@') || /[?&]authSource=/i.test(named)) return named;
  return `${named}${named.includes('?') ? '&' : '?'}authSource=admin`;
}
