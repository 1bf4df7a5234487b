// Builds dist/pad.js from src/pad.js, as many packages do after they are unpacked.
'use strict';

const fs = require('fs');
const path = require('path');

const dist = path.join(__dirname, 'dist');
const source = fs.readFileSync(path.join(__dirname, 'src', 'pad.js'));
fs.mkdirSync(dist, { recursive: true });
fs.writeFileSync(path.join(dist, 'pad.js'), "'use strict';\n\n" + source);
