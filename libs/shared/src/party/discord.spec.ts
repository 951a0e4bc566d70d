import { parseDiscordLink } from './discord';

describe('parseDiscordLink', () => {
  it.each([
    ['https://discord.gg/abc123', 'https://discord.gg/abc123'],
    ['  https://Discord.com/channels/1/2 ', 'https://discord.com/channels/1/2'],
    ['https://ptb.discord.com/channels/1', 'https://ptb.discord.com/channels/1'],
    ['https://discordapp.com', 'https://discordapp.com/'],
    ['https://discord.com/invite/x?event=1#top', 'https://discord.com/invite/x?event=1#top'],
    ['https://discord.com/"<b>', 'https://discord.com/%22%3Cb%3E'],
  ])('takes %j', (input, link) => {
    expect(parseDiscordLink(input)).toBe(link);
  });

  it.each([
    'http://discord.gg/abc',
    'discord.gg/abc',
    'javascript:alert(1)//https://discord.gg',
    'https://discord.gg.example/abc',
    'https://notdiscord.com/abc',
    'https://discord.com:8443/abc',
    'https://discord.com:443/abc',
    'https://discord.com./abc',
    'https://user@discord.com/abc',
    'https://user:word@discord.com/abc',
    'https://discord.com@example.org/abc',
    'https://discord.com\\@example.org/abc',
    'https://example.org/https://discord.com',
    'https://example.org#discord.com',
    'https://discord.com/a b',
    'https://discord.com/\u001b[2J',
    'https://dis\ncord.com/',
    'https://dіscord.com/',
    `https://discord.com/${'x'.repeat(300)}`,
    '',
  ])('refuses %j', (input) => {
    expect(parseDiscordLink(input)).toBeNull();
  });
});
