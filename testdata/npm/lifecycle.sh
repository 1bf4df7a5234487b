#!/bin/sh
# Does with packages that are unpacked in node_modules what npm does next, for machines without npm:
# runs the postinstall script of each, its twin for sh, in the environment that npm gives.
# usage: lifecycle.sh PACKAGE...   (in the directory of the app)
set -eu
field() { sed -n 's/^ *"'"$1"'": "\(.*\)",*$/\1/p' package.json | head -n 1; }

app=$PWD
for name; do
	cd "$app/node_modules/$name"
	script=$(field postinstall | sed 's/^node \(.*\)\.js$/sh \1.sh/')
	INIT_CWD=$app npm_command=install npm_lifecycle_event=postinstall npm_lifecycle_script=$script \
		npm_package_json=$PWD/package.json npm_package_name=$(field name) npm_package_version=$(field version) \
		sh -c "$script"
done
