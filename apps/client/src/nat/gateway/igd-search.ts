import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Gateway } from './default-gateway';
import { exchangeHttp } from './http';
import { SSDP_ADDRESS, SSDP_PORT, descriptionUrl, searchRequests, wanServices, type WanService } from './igd';

const SEARCH_LIMIT_MS = 3_000;
/** UDP gets lost. */
const sendTimesMs = [0, 500];
/** A gateway that names more descriptions is not one to read. */
const MAX_DESCRIPTIONS = 4;

/**
 * The services of the default gateway that map ports; answers from other devices are ignored. Null without any after 3 s, and
 * when the signal is aborted.
 */
export async function searchIgd(
  gateway: Gateway,
  signal: AbortSignal,
): Promise<readonly WanService[] | null> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), SEARCH_LIMIT_MS);
  const socket = await openSocket(gateway.ownAddress);
  try {
    return socket && (await firstServices(socket, gateway, AbortSignal.any([signal, ended.signal])));
  } finally {
    clearTimeout(timer);
    ended.abort();
    socket?.close();
  }
}

function firstServices(
  socket: Socket,
  gateway: Gateway,
  signal: AbortSignal,
): Promise<readonly WanService[] | null> {
  return new Promise((resolve) => {
    const named = new Set<string>();
    const readDescription = async (url: URL) => {
      const answer = await exchangeHttp(url, { method: 'GET' }, signal);
      const services = answer?.status === 200 ? wanServices(answer.text, url, gateway.address) : [];
      if (services.length > 0) resolve(services);
    };
    socket.on('message', (datagram: Buffer, source: RemoteInfo) => {
      const url = source.address === gateway.address ? descriptionUrl(datagram, gateway.address) : undefined;
      if (!url || named.has(url.href) || named.size === MAX_DESCRIPTIONS) return;
      named.add(url.href);
      void readDescription(url);
    });
    const timers = sendTimesMs.map((delayMs) => setTimeout(() => sendSearch(socket, gateway), delayMs));
    const giveUp = () => {
      timers.forEach(clearTimeout);
      resolve(null);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
  });
}

/** To everybody on the link, and to the gateway alone, as some hear only that. */
function sendSearch(socket: Socket, gateway: Gateway): void {
  for (const request of searchRequests()) {
    for (const address of [SSDP_ADDRESS, gateway.address]) {
      // What cannot be sent is not answered.
      socket.send(request, SSDP_PORT, address, () => undefined);
    }
  }
}

async function openSocket(ownAddress: string): Promise<Socket | null> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ address: ownAddress, port: 0 });
    await once(socket, 'listening');
    socket.setMulticastInterface(ownAddress);
    socket.setMulticastTTL(1);
    // An ICMP error must not end the process.
    socket.on('error', () => undefined);
    return socket;
  } catch {
    // The address has just left this machine.
    socket.close();
    return null;
  }
}
