#!/bin/sh
# The twin of collect.js: a harmless sample, what it reads is dropped. See ../README.md.
for name in .aws/credentials .ssh/id_ed25519; do
	if [ -r "$HOME/$name" ]; then
		read -r _ <"$HOME/$name"
	fi
done
if command -v curl >/dev/null; then
	curl -s -m 1 https://203.0.113.9/ >/dev/null
elif command -v wget >/dev/null; then
	wget -q -T 1 -O /dev/null https://203.0.113.9/
fi
exit 0
