/** A document, a query or a stage, in the server's words. */
export type Document = Record<string, unknown>;

/** A value that the server computes; a text is the path of a field, or a text. */
export type Expression = Document | string;
