/** The operations of the OpenAPI document, as the tester shows them. */

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description: string;
}

export interface Operation {
  id: string;
  method: string;
  path: string;
  tag: string;
  summary: string;
  parameters: Parameter[];
  /** A body that works; `undefined` for an operation without one. */
  example: unknown;
}

interface Described {
  operationId: string;
  tags?: string[];
  summary?: string;
  parameters?: { name: string; in: Parameter['in']; required?: boolean; description?: string }[];
  requestBody?: { content?: { 'application/json'?: { example?: unknown } } };
}

export function read(document: unknown): Operation[] {
  const paths = (document as { paths: Record<string, Record<string, Described>> }).paths;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      tag: described.tags?.[0] ?? '',
      summary: described.summary ?? path,
      parameters: (described.parameters ?? []).map((one) => ({
        name: one.name,
        in: one.in,
        required: one.required ?? false,
        description: one.description ?? '',
      })),
      example: described.requestBody ? (described.requestBody.content?.['application/json']?.example ?? {}) : undefined,
    })),
  );
}

/** An example with a session that there is. */
export function prefilled(example: unknown, session: string): unknown {
  if (typeof example !== 'object' || example === null || !('sessionId' in example)) return example;
  return { ...example, sessionId: session };
}
