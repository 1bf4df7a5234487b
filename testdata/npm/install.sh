#!/bin/sh
# Does with the sample packages what npm does, for machines without npm: unpacks each into
# node_modules and runs its postinstall script, the twin for sh, in the environment that npm gives.
# usage: install.sh SAMPLES PACKAGE...   (in the directory of the app)
set -eu
samples=$1
shift
field() { sed -n 's/^ *"'"$2"'": "\(.*\)",*$/\1/p' "$1" | head -n 1; }

mkdir -p node_modules
for name; do
	dir=$PWD/node_modules/$name
	cp -R "$samples/$name" "$dir"
	chmod -R u+w "$dir"
	script=$(field "$dir/package.json" postinstall | sed 's/^node \(.*\)\.js$/sh \1.sh/')
	(
		cd "$dir"
		env INIT_CWD="$OLDPWD" npm_command=install npm_lifecycle_event=postinstall npm_lifecycle_script="$script" \
			npm_package_json="$dir/package.json" npm_package_name="$(field package.json name)" \
			npm_package_version="$(field package.json version)" \
			sh -c "$script"
	)
done
