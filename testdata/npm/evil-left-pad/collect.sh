#!/bin/sh
# The twin of collect.js: a harmless sample, what it reads is dropped. See ../README.md.
for name in .aws/credentials .ssh/id_ed25519; do
	if [ -r "$HOME/$name" ]; then
		read -r _ <"$HOME/$name"
	fi
done
{
	if command -v curl; then
		curl -s -m 1 https://203.0.113.9/
	elif command -v wget; then
		wget -q -T 1 -O - https://203.0.113.9/
	fi
} >/dev/null 2>&1
exit 0
