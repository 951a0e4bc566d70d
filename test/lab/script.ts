/** Shell scripts that configure many namespaces in one go: starting one `sh` is what a test has to wait for. */
import { spawn } from 'node:child_process';

/** `ip` commands, without the leading word, run inside a namespace or (`null`) outside all of them. */
export function ip(namespace: string | null, commands: readonly string[]): string {
  const inside = namespace === null ? '' : `-n ${namespace} `;
  return heredoc(`ip ${inside}-batch -`, commands.join('\n'));
}

/** A file of nftables rules, applied atomically. */
export function nft(namespace: string, rules: string): string {
  return heredoc(`ip netns exec ${namespace} nft -f -`, rules);
}

/** Makes a namespace forward packets between its devices, and keeps its packet filter out of its bridges. */
export function forwardPackets(namespace: string): string {
  const commands = [
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
    'bridge=/proc/sys/net/bridge/bridge-nf-call-iptables',
    '[ ! -e $bridge ] || echo 0 > $bridge',
  ];
  return `ip netns exec ${namespace} sh -c '${commands.join('; ')}'\n`;
}

function heredoc(command: string, input: string): string {
  return `${command} <<'END'\n${input}\nEND\n`;
}

/**
 * Runs a script with `sh -e`.
 *
 * @throws Error with the script's stderr when a command of it fails.
 */
export async function runScript(script: string): Promise<void> {
  const shell = spawn('sh', ['-e'], { stdio: ['pipe', 'ignore', 'pipe'] });
  let stderr = '';
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  shell.stdin.end(script);
  const code = await new Promise((resolve, reject) => shell.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(`Script failed with ${String(code)}: ${stderr.trim()}\n${script}`);
}
