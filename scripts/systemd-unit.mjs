// `node scripts/systemd-unit.mjs`: prints the unit with which systemd runs the whole server from this checkout, as the user
// lanrage. docs/operations.md, "With systemd", has the steps.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

console.log(`[Unit]
Description=LANrage server
Wants=network-online.target
After=network-online.target
# Start it again however often it ends.
StartLimitIntervalSec=0

[Service]
User=lanrage
WorkingDirectory=${root}
# Settings, as NAME=value; the file may be missing.
EnvironmentFile=-/etc/lanrage.env
Environment=LANRAGE_DATA=/var/lib/lanrage
StateDirectory=lanrage
StateDirectoryMode=0700
ExecStart=${process.execPath} ${join(root, 'scripts/start.mjs')}
Restart=always
RestartSec=2
# The launcher ends its children; what is left after that, systemd ends.
KillMode=mixed
TimeoutStopSec=20
LimitNOFILE=65536

NoNewPrivileges=yes
ProtectSystem=full
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes

[Install]
WantedBy=multi-user.target`);
