# Traced on both architectures: what it does must be told alike.
mkdir d
echo a >d/f
mv d/f d/g
ln -s g d/l
ln d/g d/h
chmod 640 d/g
cat d/l >/dev/null
cat d/missing
rm -r d
(exit 3)
sh -c 'kill -TERM $$'
sh -c 'exec cat /proc/self/cwd/none'
./none
npm_lifecycle_event=postinstall npm_package_name=x npm_package_json=/x/node_modules/x/package.json sh -c 'true | cat'
exit 7
