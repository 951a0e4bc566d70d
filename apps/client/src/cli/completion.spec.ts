import { execFileSync, spawnSync } from 'node:child_process';
import { Argument, Command } from 'commander';
import { commandsOf, completionScript } from './completion';

const program = new Command('lanrage');
program
  .command('join')
  .description("join a party, host's link")
  .argument('<party>')
  .option('--wait', 'until: then');
program
  .command('state')
  .addArgument(new Argument('<action>').choices(['list', 'get']))
  .option('--json', 'JSON');
program.command('hidden', { hidden: true });
const commands = commandsOf(program);

/** What bash offers behind these words. */
function offered(...words: string[]): string[] {
  const typed = words.map((word) => `'${word}'`).join(' ');
  const ask = `COMP_WORDS=(lanrage ${typed}); COMP_CWORD=${words.length}; _lanrage; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const script = `${completionScript('bash', commands)}\n${ask}`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n').filter(Boolean);
}

describe('completion', () => {
  it('offers commands, then options and choices of the one that was typed', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['join', 'state', '--help', '--version']));
    expect(offered('')).not.toContain('hidden');
    expect(offered('jo')).toEqual(['join']);
    expect(offered('join', '--w')).toEqual(['--wait']);
    expect(offered('state', '')).toEqual(['list', 'get', '--json', '--help']);
    expect(offered('dance', '')).toEqual([]);
  });

  it.each(['zsh', 'fish'] as const)(
    'for %s names the same, and is none of its faults where it is there',
    (shell) => {
      const script = completionScript(shell, commands);
      for (const word of ['join', 'wait', 'state', 'list', 'get', 'json']) expect(script).toContain(word);
      const { error, status, stderr } = spawnSync(shell, ['-n'], { input: script, encoding: 'utf8' });
      if (!error) expect([status, stderr]).toEqual([0, '']);
    },
  );
});
