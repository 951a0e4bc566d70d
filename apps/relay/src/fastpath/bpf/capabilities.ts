/** capabilities(7): what a process may do that only root may otherwise. */
import type { System } from '#runtime/native/system';

/** The numbers of capabilities in linux/capability.h. */
const wanted = { netAdmin: 12, bpf: 39 } as const;
/** _LINUX_CAPABILITY_VERSION_3: two sets of three numbers, the second one for the capabilities from 32 on. */
const version = 0x2008_0522;
const setBytes = 12;
const permittedOffset = 4;

/**
 * Takes into use what this process may have and does not use: capabilities that a program's file permits it, as in the
 * relay's image, wait to be asked for. Whether it has them then is for the kernel to say when they are needed.
 */
export function useCapabilities(system: System): void {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(version);
  const sets = Buffer.alloc(2 * setBytes);
  if (system.getCapabilities(header, sets) === -1) return;
  for (const capability of Object.values(wanted)) {
    const at = setBytes * (capability >> 5);
    const bit = 1 << (capability & 31);
    const permitted = sets.readUInt32LE(at + permittedOffset) & bit;
    sets.writeUInt32LE((sets.readUInt32LE(at) | permitted) >>> 0, at);
  }
  system.setCapabilities(header, sets);
}
