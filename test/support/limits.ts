import { USUAL_SECURITY, type Limits, type SecuritySettings } from '../../src/security/settings.js';

/** The usual security, with some limits set. */
export function withLimits(limits: Partial<Limits>): SecuritySettings {
  return { ...USUAL_SECURITY, limits: { ...USUAL_SECURITY.limits, ...limits } };
}

/** `count` parts of a document, made of their numbers. */
export function parts(count: number, part: (at: number) => string): string {
  return Array.from({ length: count }, (_, at) => part(at)).join(' ');
}
