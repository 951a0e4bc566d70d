import { askAgent } from '../agent/local-client';
import type { LocalRequest } from '../agent/local-api';
import { answer, type Context } from './context';
import { renderInvite, renderInvites } from './party-rendering';

/** `lanrage invite`: with a QR code where somebody looks at it. */
export async function invite(context: Context, request: LocalRequest<'invite'>): Promise<void> {
  const made = await askAgent(context.config.home, 'invite', request);
  answer(context, made, renderInvite(made));
  if (context.json || !process.stdout.isTTY) return;
  const { renderUnicodeCompact } = await import('uqr');
  // Light on dark is what terminals mostly are, and what readers take as well.
  console.log(`\n${renderUnicodeCompact(made.link, { border: 2 })}`);
}

/** `lanrage invites` */
export async function invites(context: Context): Promise<void> {
  const list = await askAgent(context.config.home, 'invites', {});
  answer(context, list, renderInvites(list));
}

/** `lanrage uninvite ID` */
export async function uninvite(context: Context, id: string): Promise<void> {
  await askAgent(context.config.home, 'uninvite', { id });
  answer(
    context,
    { status: 'uninvited' },
    'The invite link is no longer valid. Players who joined with it stay.',
  );
}
