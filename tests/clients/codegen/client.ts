// The whole of a typed client: what the code generator's guide shows for fetch.
import type { TypedDocumentString } from './generated/graphql.ts';

export async function ask<TResult, TVariables>(
  url: string,
  document: TypedDocumentString<TResult, TVariables>,
  ...[variables]: TVariables extends Record<string, never> ? [] : [TVariables]
): Promise<TResult> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const body = (await answer.json()) as { data?: TResult; errors?: { message: string }[] };
  if (body.data == null || body.errors) throw new Error(`${answer.status} ${JSON.stringify(body.errors)}`);
  return body.data;
}
