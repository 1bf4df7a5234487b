#!/bin/sh
# The twin of build.js: builds dist/pad.js from src/pad.js.
set -e
mkdir -p dist
{
	printf "'use strict';\n\n"
	cat src/pad.js
} >dist/pad.js
