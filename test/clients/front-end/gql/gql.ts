/** Stands where a front end has the code that codegen writes for it. */
export { gql } from '../../../support/gql.js';
