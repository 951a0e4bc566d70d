import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root, stage } from './dockerfile';

interface Service {
  image: string;
  build?: { context: string; target: string };
  user?: string;
  restart?: string;
  init?: boolean;
  read_only?: boolean;
  network_mode?: string;
  networks?: string[];
  cap_drop?: string[];
  cap_add?: string[];
  privileged?: boolean;
  security_opt?: string[];
  volumes?: string[];
  ports?: string[];
  healthcheck?: object;
  logging?: { options: Record<string, string> };
  environment: Record<string, string | null>;
  extends?: { file: string; service: string };
}
interface Compose {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, object>;
}

const text = (name: string) => readFileSync(join(root, name), 'utf8');
const compose = parse(text('docker-compose.yml')) as Compose;
const alone = parse(text('docker-compose.relay.yml')) as Compose;
const services = Object.entries(compose.services).map(([name, service]): [string, Service] => [
  name,
  service.extends ? (alone.services[service.extends.service] as Service) : service,
]);
const service = (name: string) => new Map(services).get(name) as Service;
const settingsOf = (app: string) =>
  new Set(text(`apps/${app}/src/config.ts`).match(/\b(?:LANRAGE_[A-Z_]+[A-Z]|DATABASE_URL|REDIS_URL)\b/g));
const variables = (yaml: string) => new Set([...yaml.matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name));

describe('docker-compose.yml', () => {
  it('has the relay from docker-compose.relay.yml, which works alone', () => {
    expect(compose.services['relay']?.extends).toEqual({
      file: 'docker-compose.relay.yml',
      service: 'relay',
    });
    expect(Object.keys(alone.services)).toEqual(['relay']);
  });

  it.each(['control', 'relay'])(
    'lets the watchdog of %s end it, which it could not do to process 1',
    (name) => {
      expect(service(name).init).toBe(true);
    },
  );

  it.each(services)('keeps %s small, contained and up', (_name, one) => {
    expect(one.image).toMatch(/:\d+\.\d+(\.\d+)?(-[a-z]+)?$/);
    expect(one).toMatchObject({ restart: 'unless-stopped', read_only: true, cap_drop: ['ALL'] });
    expect(one.privileged).toBeUndefined();
    expect(one.logging?.options).toHaveProperty('max-size');
    const image = one.build ? stage(one.build.target).instructions.map(({ name }) => name) : [];
    expect(one.user ?? image.includes('USER')).toBeTruthy();
    expect(one.user ?? 'node').not.toMatch(/^(0|root)\b/);
    expect(one.healthcheck ?? image.includes('HEALTHCHECK')).toBeTruthy();
  });

  it('gives capabilities to those two alone that need one', () => {
    const given = services.flatMap(([name, { cap_add: added = [] }]) => added.map((one) => `${name} ${one}`));
    expect(given).toEqual(['relay NET_ADMIN', 'proxy NET_BIND_SERVICE']);
    const trusted = services.filter(([, one]) => !one.security_opt?.includes('no-new-privileges:true'));
    expect(trusted.map(([name]) => name)).toEqual(['relay']); // its programs have capabilities from their files
  });

  it('shows the world the proxy and the relay, and keeps database and Redis to the control plane', () => {
    const open = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(open.filter((entry) => !entry.includes(' 127.0.0.1:'))).toEqual([
      'proxy 80:80',
      'proxy 443:443',
      'proxy 443:443/udp',
    ]);
    expect(service('relay').network_mode).toBe('host');
    expect(compose.networks['back']).toEqual({ internal: true });
    expect(services.filter(([, { networks }]) => networks?.includes('back')).map(([name]) => name)).toEqual([
      'control',
      'postgres',
      'redis',
    ]);
  });

  it('mounts declared volumes and files that exist, these read-only', () => {
    for (const mount of services.flatMap(([, { volumes = [] }]) => volumes)) {
      const [source = '', , mode] = mount.split(':');
      if (source.startsWith('./')) expect([existsSync(join(root, source)), mode]).toEqual([true, 'ro']);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it.each([
    ['control', ['LANRAGE_HTTP_PORT', 'LANRAGE_HTTP_BIND', 'LANRAGE_DATA']],
    ['relay', ['LANRAGE_HTTP_PORT']],
  ])('takes every setting of %s, and no other, but for what the container fixes', (app, fixed) => {
    const given = Object.keys(service(app).environment).sort();
    expect(given).toEqual([...settingsOf(app)].filter((setting) => !fixed.includes(setting)).sort());
  });

  it('wants each secret from .env, and has none itself', () => {
    for (const [, { environment }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (!/SECRET|PASSWORD|TOKEN$|_URL$/.test(name) || value === null) continue;
        expect(value).toMatch(/\$\{[A-Z_]+:[?-]/);
      }
    }
  });

  it('can be joined by docker-compose.bpf.yml, which gives the relay one more capability', () => {
    expect(text('.env.example')).toContain('COMPOSE_FILE=docker-compose.yml:docker-compose.bpf.yml\n');
    expect(parse(text('docker-compose.bpf.yml'))).toEqual({ services: { relay: { cap_add: ['BPF'] } } });
  });

  it('is filled in by what .env.example names', () => {
    const example = text('.env.example');
    const required = new Set([...example.matchAll(/^([A-Z_]+)=$/gm)].map(([, name]) => name));
    const named = [...example.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name ?? '');
    const all = text('docker-compose.yml') + text('docker-compose.relay.yml');
    const wanted = new Set([...all.matchAll(/\$\{([A-Z_]+):\?/g)].map(([, name]) => name));
    expect(required).toEqual(wanted);
    const known = new Set([
      'COMPOSE_FILE',
      ...variables(all),
      ...services.flatMap(([, one]) => Object.keys(one.environment)),
    ]);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(text('.gitignore').split('\n')).toContain('.env');
  });

  it('says in the images which version of LANrage they are', () => {
    const { version } = JSON.parse(text('package.json')) as { version: string };
    for (const app of ['control', 'relay']) expect(service(app).image).toBe(`lanrage-${app}:${version}`);
  });
});
