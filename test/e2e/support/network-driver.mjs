// A NetworkManager in a namespace, driven over IPC: { method, args } is answered with { result } or { code }.
import lanrage from '../../../dist/apps/client/src/index.js';

const network = new lanrage.NetworkManager(lanrage.loadConfig());
network.on('died', () => process.send({ event: 'died' }));
network.on('goodbye', (virtualIp) => process.send({ event: 'goodbye', virtualIp }));

process.on('message', async ({ method, args }) => {
  try {
    const decoded = args.map((argument) =>
      argument?.privateKey
        ? { ...argument, privateKey: Buffer.from(argument.privateKey, 'base64') }
        : argument,
    );
    process.send({ result: (await network[method](...decoded)) ?? null });
  } catch (error) {
    process.send({ code: error.code ?? 'none', message: error.message });
  }
});
process.on('disconnect', async () => {
  await network.cleanup();
  process.exit();
});
process.send({ result: 'ready' });
