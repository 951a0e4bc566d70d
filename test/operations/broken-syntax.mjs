// `node broken-syntax.mjs FILE … < TEXT`: what the rules below say of the text in the place of each file, as JSON.
// Only these run, as the configuration there has them: no types are needed, so that it takes no time.
import { ESLint, Linter } from 'eslint';
import { text } from 'node:stream/consumers';

const sample = await text(process.stdin);
const [eslint, linter] = [new ESLint(), new Linter()];
const names = ['no-restricted-syntax', 'lanrage/comments'];
const messages = {};
for (const file of process.argv.slice(2)) {
  const { plugins, rules } = await eslint.calculateConfigForFile(file);
  const config = { plugins, rules: Object.fromEntries(names.map((name) => [name, rules[name]])) };
  messages[file] = linter.verify(sample, [config]).map(({ message }) => message);
}
console.log(JSON.stringify(messages));
