/** A control plane in this process, on a real PostgreSQL of its own. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startControl, type ControlApp } from '../../../apps/control/src/app';
import { readConfig } from '../../../apps/control/src/config';
import { prepareDatabase } from './prepared-database';
import { RELAY_SECRET, unlimited } from './settings';

export { RELAY_SECRET, unlimited };

export class TestControl {
  private app: ControlApp | null = null;
  private lastPort = 0;

  private constructor(
    readonly dataDirectory: string,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(settings: Record<string, string> = {}): Promise<TestControl> {
    const control = new TestControl(mkdtempSync(join(tmpdir(), 'lanrage-control-')), settings);
    if (settings['DATABASE_URL'] === undefined) await prepareDatabase(control.dataDirectory);
    await control.up();
    return control;
  }

  get url(): string {
    return this.running.url;
  }

  get port(): number {
    return this.running.port;
  }

  /** Asks its database, past the control plane. @returns the rows */
  async query(sql: string, values: readonly unknown[] = []): Promise<Record<string, unknown>[]> {
    const host = join(this.dataDirectory, 'postgres/data');
    const client = new pg.Client({ host, user: 'lanrage', database: 'postgres' });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Starts this server again, with the data of the one before. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.lastPort = this.port;
    await this.down();
  }

  /** After {@link stop}: where it was. */
  async start(): Promise<void> {
    await this.up(this.lastPort);
  }

  /** Stops it and removes its data. */
  async close(): Promise<void> {
    if (this.app) await this.down();
    await rm(this.dataDirectory, { recursive: true });
  }

  private get running(): ControlApp {
    if (!this.app) throw new Error('the control plane is down');
    return this.app;
  }

  private async up(port = 0): Promise<void> {
    this.app = await startControl(readConfig(this.environment(port)));
  }

  private async down(): Promise<void> {
    await this.app?.close();
    this.app = null;
  }

  private environment(port: number): Record<string, string> {
    return {
      LANRAGE_HTTP_BIND: '127.0.0.1',
      LANRAGE_HTTP_PORT: String(port),
      LANRAGE_DATA: this.dataDirectory,
      LANRAGE_RELAY_SECRET: RELAY_SECRET,
      LANRAGE_LOG_LEVEL: 'silent',
      ...unlimited,
      ...this.settings,
    };
  }
}
