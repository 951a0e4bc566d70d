import { Machine } from '../../e2e/support/machine';
import { Lab } from '../../lab/lab';

/** Runs something against one machine that has a NetworkManager, in a lab of its own. */
export async function withMachine<Result>(
  work: (machine: Machine, lab: Lab) => Promise<Result>,
): Promise<Result> {
  const lab = await Lab.create();
  let machine: Machine | undefined;
  try {
    machine = await Machine.start(await lab.publicHost('victim'), '10.66.0.1');
    return await work(machine, lab);
  } finally {
    await machine?.close();
    await lab.close();
  }
}
