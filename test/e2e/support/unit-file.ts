/** What systemd would make of a unit, for as much as a test can do without it; see systemd.exec(5). */
export class UnitFile {
  private readonly settings: ReadonlyMap<string, readonly string[]>;

  constructor(text: string) {
    const settings = new Map<string, string[]>();
    for (const [, name = '', value = ''] of text.matchAll(/^(\w+)=(.*)$/gm))
      settings.set(name, [...(settings.get(name) ?? []), value]);
    this.settings = settings;
  }

  /** @throws Error where the unit does not say it, or says it twice */
  value(name: string): string {
    const [value, another] = this.settings.get(name) ?? [];
    if (value === undefined || another !== undefined) throw new Error(`the unit has not one ${name}`);
    return value;
  }

  /** None where the unit does not say it. */
  words(name: string): readonly string[] {
    return this.settings.has(name) ? this.value(name).split(' ').filter(Boolean) : [];
  }

  /** Its `Environment=`. */
  get environment(): Record<string, string> {
    const pairs = (this.settings.get('Environment') ?? []).map((pair) => pair.split(/=(.*)/s, 2));
    return Object.fromEntries(pairs) as Record<string, string>;
  }

  /** What makes the folders that the service may write to, as root. */
  get folderCommands(): readonly (readonly string[])[] {
    const owner = ['-o', this.value('User'), '-g', this.value('Group')];
    return (['State', 'Runtime'] as const).flatMap((kind) =>
      this.words(`${kind}Directory`).map((name) => {
        const place = { State: '/var/lib', Runtime: '/run' }[kind];
        return ['install', '-d', ...owner, '-m', this.value(`${kind}DirectoryMode`), `${place}/${name}`];
      }),
    );
  }

  /** What the service runs, as its user and with its capabilities and no others. */
  get command(): readonly string[] {
    const may = (name: string) => [
      '-all',
      ...this.words(name).map((one) => one.replace('CAP_', '+').toLowerCase()),
    ];
    const ambient = may('AmbientCapabilities').join(',');
    return [
      'setpriv',
      `--reuid=${this.value('User')}`,
      `--regid=${this.value('Group')}`,
      '--init-groups',
      `--bounding-set=${may('CapabilityBoundingSet').join(',')}`,
      `--inh-caps=${ambient}`,
      `--ambient-caps=${ambient}`,
      ...(this.value('NoNewPrivileges') === 'yes' ? ['--no-new-privs'] : []),
      ...this.words('ExecStart'),
    ];
  }
}
