// Every GraphQL sample of the documentation is a document that the schema takes.

import { readFileSync, readdirSync } from 'node:fs';
import { GraphQLError, Source, buildSchema, parse, validate } from 'graphql';

const root = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');
const schema = buildSchema(read('schema.graphql'));
const pages = ['README.md', ...readdirSync(new URL('docs/', root)).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];

// Rules of a mapping are shown without what is around them; the tests of the recipes judge what they mean.
const isPartOfAnInput = (text) =>
  [`{ field(list: [${text}]) }`, `{ field(${text}) }`].some((document) => {
    try {
      return parse(document).definitions.length === 1;
    } catch {
      return false;
    }
  });

let samples = 0;
const wrong = [];
for (const page of pages) {
  const text = read(page);
  for (const match of text.matchAll(/^```graphql\n(.*?)^```$/gms)) {
    samples += 1;
    const line = text.slice(0, match.index).split('\n').length + 1;
    try {
      const source = new Source(match[1], page, { line, column: 1 });
      wrong.push(...validate(schema, parse(source)));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (!isPartOfAnInput(match[1])) wrong.push(error);
    }
  }
}
for (const error of wrong) console.error(`${error}\n`);
if (samples === 0) throw new Error('no sample was found');
console.log(`${samples} samples, ${wrong.length} errors`);
process.exit(wrong.length === 0 ? 0 : 1);
