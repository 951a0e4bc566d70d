// Reports what dependency-cruiser found wrong, and how many import arrows run between the folders of the control plane.
import { dirname } from 'node:path';

const CONTROL = 'apps/control/src/';

export default function report({ modules, summary }) {
  const found = summary.violations.map(
    ({ rule, from, to, cycle = [] }) =>
      `${rule.severity} ${rule.name}: ${[from, ...(cycle.length > 0 ? cycle.map(({ name }) => name) : [to])].join(' → ')}`,
  );
  const arrows = modules.flatMap(({ source, dependencies }) =>
    dependencies.map(({ resolved }) => [dirname(source), dirname(resolved)]),
  );
  const between = arrows.filter(
    (ends) => ends[0] !== ends[1] && ends.every((end) => `${end}/`.startsWith(CONTROL)),
  );
  const backUp = summary.violations.filter(({ rule }) => rule.name.startsWith('control-imports-downwards'));
  const folders = new Set(between.flat());
  const all = new Set(between.map(String));
  const back = new Set(backUp.map(({ from, to }) => `${dirname(from)} ${dirname(to)}`));
  return {
    output: [
      ...found,
      `${summary.totalCruised} modules, ${summary.totalDependenciesCruised} imports: ${summary.error} against the rules`,
      `${CONTROL}: ${all.size} arrows between ${folders.size} folders, ${back.size} back up`,
      '',
    ].join('\n'),
    exitCode: summary.error,
  };
}
