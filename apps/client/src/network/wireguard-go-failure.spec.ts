import { wireGuardGoFailure } from './wireguard-go-failure';

/** As wireguard-go 0.0.20220316 prints it where the kernel has WireGuard, too. */
const banner = `┌──────────────────────────────────────────────────────┐
│                                                      │
│   Running wireguard-go is not required because this  │
│   kernel has first class support for WireGuard. For  │
│   information on installing the kernel module,       │
│   please visit:                                      │
│         https://www.wireguard.com/install/           │
│                                                      │
└──────────────────────────────────────────────────────┘
`;

function failureOf(sentence: string, isRoot = true) {
  const output = `${banner}ERROR: (lanrage0) 2026/01/31 20:15:00 ${sentence}\n`;
  return wireGuardGoFailure(output, { interfaceName: 'lanrage0', isRoot });
}

describe('what wireguard-go says when it fails', () => {
  it('is a lack of rights, for a user', () => {
    const { code, message } = failureOf('Failed to create TUN device: permission denied', false);
    expect({ code, message }).toEqual({
      code: 'PERMISSION_DENIED',
      message: 'Setting up the virtual network needs administrator rights. Run this with sudo.',
    });
  });

  it('is a lack of rights for root in a container, who is not told to use sudo', () => {
    const { code, message } = failureOf('Failed to create TUN device: operation not permitted');
    expect(code).toBe('PERMISSION_DENIED');
    expect(message).toContain('(Failed to create TUN device: operation not permitted)');
    expect(message).toContain('--cap-add NET_ADMIN');
  });

  it.each([
    'Failed to create TUN device: CreateTUN("lanrage0") failed; /dev/net/tun does not exist',
    'Failed to create TUN device: no such device',
    'Failed to create TUN device: inappropriate ioctl for device',
  ])('names /dev/net/tun: %s', (sentence) => {
    const { code, message } = failureOf(sentence);
    expect(code).toBe('INTERFACE_FAILED');
    expect(message).toContain(`no usable /dev/net/tun (${sentence})`);
  });

  it.each(['device or resource busy', 'invalid argument'])('is a name that is taken: %s', (cause) => {
    expect(failureOf(`Failed to create TUN device: ${cause}`).message).toContain(
      'a network interface named lanrage0 already',
    );
  });

  it('is repeated where it is not known', () => {
    const { message } = failureOf('UAPI listen error: mkdir /var/run/wireguard: read-only file system');
    expect(message).toBe('wireguard-go: UAPI listen error: mkdir /var/run/wireguard: read-only file system');
  });

  it('never is the frame of its banner', () => {
    const { message } = wireGuardGoFailure(banner, { interfaceName: 'lanrage0', isRoot: true });
    expect(message).toBe('wireguard-go did not get ready, and did not say why.');
  });
});
