// `node broken-syntax.mjs FILE … < TEXT`: what `no-restricted-syntax` says of the text in the place of each file, as JSON.
// Only that rule runs, as its configuration there says: no types are needed, so that it takes no time.
import { ESLint, Linter } from 'eslint';
import { text } from 'node:stream/consumers';

const sample = await text(process.stdin);
const [eslint, linter] = [new ESLint(), new Linter()];
const messages = {};
for (const file of process.argv.slice(2)) {
  const { rules } = await eslint.calculateConfigForFile(file);
  const config = { rules: { 'no-restricted-syntax': rules['no-restricted-syntax'] } };
  messages[file] = linter.verify(sample, [config]).map(({ message }) => message);
}
console.log(JSON.stringify(messages));
