/** What has a shell complete the commands. Pure. */
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Something that can be typed. */
interface Word {
  readonly word: string;
  readonly description: string;
}

export interface CompletableCommand extends Word {
  /** `--json` and the like. */
  readonly options: readonly Word[];
  /** Values of the first argument, where there is a list of them. */
  readonly choices: readonly string[];
}

export function commandsOf(program: Command): CompletableCommand[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => ({
      word: command.name(),
      description: command.description(),
      options: command
        .createHelp()
        .visibleOptions(command)
        .flatMap(({ long, description }) => (long ? [{ word: long, description }] : [])),
      choices: command.registeredArguments[0]?.argChoices ?? [],
    }));
}

export function completionScript(shell: Shell, commands: readonly CompletableCommand[]): string {
  return scripts[shell](commands).join('\n');
}

const scripts: Record<Shell, (commands: readonly CompletableCommand[]) => string[]> = {
  bash: (commands) => [
    '# In ~/.bashrc: source <(lanrage completion bash)',
    '_lanrage() {',
    '  local words',
    '  if [ "$COMP_CWORD" -eq 1 ]; then',
    `    words='${[...commands.map(({ word }) => word), '--help', '--version'].join(' ')}'`,
    '  else',
    '    case "${COMP_WORDS[1]}" in',
    ...commands.map((command) => `      ${command.word}) words='${wordsAfter(command).join(' ')}' ;;`),
    '    esac',
    '  fi',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -F _lanrage lanrage ./lanrage',
  ],
  zsh: (commands) => [
    '#compdef lanrage',
    '# In ~/.zshrc, after compinit: source <(lanrage completion zsh)',
    '_lanrage() {',
    '  local -a words_here',
    '  if (( CURRENT == 2 )); then',
    `    words_here=(${commands.map(zshWord).join(' ')})`,
    '  else',
    '    case "$words[2]" in',
    ...commands.map(({ word, options, choices }) => {
      const values = choices.map((choice) => ({ word: choice, description: '' }));
      return `      ${word}) words_here=(${[...values, ...options].map(zshWord).join(' ')}) ;;`;
    }),
    '    esac',
    '  fi',
    '  _describe lanrage words_here',
    '}',
    'compdef _lanrage lanrage',
  ],
  fish: (commands) => [
    '# In ~/.config/fish/config.fish: lanrage completion fish | source',
    'complete -c lanrage -f',
    'complete -c lanrage -n __fish_use_subcommand -l help -l version',
    ...commands.flatMap(({ word, description, options, choices }) => [
      `complete -c lanrage -n __fish_use_subcommand -a ${word} -d ${fishQuoted(description)}`,
      ...choices.map((choice) => `${fishAfter(word)} -a ${choice}`),
      ...options.map(
        (option) => `${fishAfter(word)} -l ${option.word.slice(2)} -d ${fishQuoted(option.description)}`,
      ),
    ]),
  ],
};

function wordsAfter({ options, choices }: CompletableCommand): string[] {
  return [...choices, ...options.map(({ word }) => word)];
}

/** `word:description`, for _describe. */
function zshWord({ word, description }: Word): string {
  return `'${word}${description && `:${description.replaceAll("'", "'\\''")}`}'`;
}

function fishAfter(word: string): string {
  return `complete -c lanrage -n '__fish_seen_subcommand_from ${word}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
