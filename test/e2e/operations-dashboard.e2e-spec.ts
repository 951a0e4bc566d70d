/** Does the Grafana dashboard ask for metrics and labels that control plane and relay really have? */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { serveMetrics } from '../../apps/relay/src/metrics';
import { StunServer } from '../../apps/relay/src/stun/server';
import { TestAgent } from './support/control-agent';
import { TestControl } from './support/control-app';
import { root, until } from './support/processes';
import { RealRelay } from './support/real-relay';

interface Panel {
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(root, 'docs/grafana-dashboard.json'), 'utf8')) as {
  panels: Panel[];
};
const loopback = '127.0.0.1';

/** The names of the series in a text in Prometheus' form; those of a histogram have endings. */
function seriesNames(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((ending) => name + ending) : [name],
    ),
  );
}

/** Label names by series; a metric without a value yet has none. */
function labels(text: string, name: string): Set<string> {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`));
  return new Set(lines.flatMap((line) => [...line.matchAll(/([a-z_]+)="/g)].map(([, label]) => label ?? '')));
}

describe('the dashboard', () => {
  let control: TestControl;
  const exported: Record<string, string> = {};

  beforeAll(async () => {
    control = await TestControl.start();
    const real = await RealRelay.start(control.url, 'fra-1');
    const stunAddress = { bind: loopback, public: loopback };
    const stun = await StunServer.open(
      { addresses: [stunAddress], port: 0, alternatePort: 0 },
      () => undefined,
    );
    const server = await serveMetrics(
      { relay: real.relay, stun, isControlConnected: () => true },
      loopback,
      0,
    );
    const alice = await TestAgent.signIn(control.url);
    await alice.create();
    const read = async (url: string) => (await fetch(new URL('/metrics', url))).text();
    exported['lanrage-control'] = await until('the relay is known', async () => {
      const text = await read(control.url);
      return text.includes('lanrage_relay_up{relay="fra-1"} 1') && text;
    });
    exported['lanrage-relay'] = await read(`http://${loopback}:${(server.address() as AddressInfo).port}`);
    server.close();
    await stun.close();
    await real.die();
  }, 60_000);
  afterAll(() => control.close());

  const selectors = dashboard.panels.flatMap(({ title, targets }) =>
    targets.flatMap(({ expr }) =>
      [...expr.matchAll(/\b([a-z]+_[a-z0-9_]+)\{([^}]*)\}/g)].map(([, name = '', matchers = '']) => ({
        title,
        name,
        matchers,
      })),
    ),
  );

  it.each(selectors)('“$title” finds $name', ({ name, matchers }) => {
    const job = /job=~?"([^"]+)"/.exec(matchers)?.[1] ?? '';
    const jobs = Object.keys(exported).filter((one) => new RegExp(`^(?:${job})$`).test(one));
    expect(jobs.length).toBeGreaterThan(0);
    for (const one of jobs) {
      expect([...seriesNames(exported[one] ?? '')]).toContain(name);
      const asked = [...matchers.matchAll(/([a-z]+)=/g)].map(([, label]) => label);
      const known = labels(exported[one] ?? '', name);
      expect(asked.filter((label) => label !== 'job' && !known.has(label ?? ''))).toEqual([]);
    }
  });

  it('names no metric outside of a selector, and explains each panel', () => {
    const named = dashboard.panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => expr.match(/\b(?:lanrage|nodejs|process)_[a-z0-9_]+/g) ?? []),
    );
    expect(named).toEqual(selectors.map(({ name }) => name));
    expect(dashboard.panels.filter(({ description }) => !description)).toEqual([]);
  });

  it('shows every metric of our own', () => {
    const own = Object.values(exported).flatMap((text) => text.match(/(?<=^# TYPE )lanrage_\S+/gm) ?? []);
    const shown = selectors.map(({ name }) => name.replace(/_(?:bucket|count|sum)$/, ''));
    // What the control plane repeats of a relay's own counters is left out.
    const repeated = ['lanrage_relay_packets_per_second', 'lanrage_relay_bytes_per_second'];
    expect([...new Set(own)].filter((name) => !shown.includes(name) && !repeated.includes(name))).toEqual([]);
  });

  it('goes by the jobs of docs/prometheus.yml', () => {
    const { scrape_configs: jobs } = parse(readFileSync(join(root, 'docs/prometheus.yml'), 'utf8')) as {
      scrape_configs: { job_name: string }[];
    };
    expect(jobs.map(({ job_name: name }) => name)).toEqual(Object.keys(exported));
  });
});
