import type { Loaders } from '../domain/index.js'; // domain

export interface Context {
  loaders: Loaders; // domain
}
