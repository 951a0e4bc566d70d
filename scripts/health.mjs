// `node scripts/health.mjs control|relay`: exit code 0 while the app in this environment answers that it is well.
const { env } = process;
const places = {
  control: [env.LANRAGE_HTTP_BIND || '0.0.0.0', env.LANRAGE_HTTP_PORT || '8080'],
  relay: [env.LANRAGE_RELAY_METRICS_BIND || '127.0.0.1', env.LANRAGE_RELAY_METRICS_PORT || '9101'],
};
const [bind, port] = places[process.argv[2]];
const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[bind] ?? bind;
const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/health`;

const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(4000) }).catch((error) => ({
  ok: false,
  status: error.cause?.code ?? error.name,
}));
console.log(status);
process.exitCode = ok ? 0 : 1;
